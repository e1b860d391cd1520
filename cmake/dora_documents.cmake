# dora_embed_documents(<target> <page>...)
#
# Puts pages of docs/ into <target>, for `dora help TOPIC`: cli/topics.hpp finds them by name.
function(dora_embed_documents target)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/documents.cpp")
  set(text "// Made of docs/ by cmake/dora_documents.cmake.\n#include \"cli/topics.hpp\"\n\n")
  string(APPEND text "namespace dora::cli {\n\nstd::span<const Page> pages() {\n  static constexpr Page all[] = {\n")
  foreach(page ${ARGN})
    set(path "${CMAKE_SOURCE_DIR}/docs/${page}.md")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    # READ would take brackets and semicolons for lists only when they are expanded unquoted.
    file(READ "${path}" content)
    string(APPEND text "      {\"${page}\", R\"~page~(${content})~page~\"},\n")
  endforeach()
  string(APPEND text "  };\n  return all;\n}\n\n}  // namespace dora::cli\n")
  file(GENERATE OUTPUT "${source}" CONTENT "${text}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
