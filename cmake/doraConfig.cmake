# find_package(dora), of an installed dora-cpp:
#
#   cmake -B build -Ddora_DIR=$(dora self cmake-dir)
#
# Gives the targets
#   dora::node      nodes in C (<dora/node.h>) and C++ (<dora/node.hpp>)
#   dora::operator  operators in C (<dora/operator.h>) and C++ (<dora/operator.hpp>)
#   dora::upstream  beside one of those: the headers under the names that dora-rs gives them
# and the function
#   dora_add_operator(<name> <source>...)   for `shared-library: <folder>/<name>`
get_filename_component(dora_ROOT_DIR "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

if(NOT TARGET dora::node)
  add_library(dora::operator INTERFACE IMPORTED)
  set_target_properties(dora::operator PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${dora_ROOT_DIR}/include")

  add_library(dora::node SHARED IMPORTED)
  set_target_properties(dora::node PROPERTIES
    IMPORTED_LOCATION "${dora_ROOT_DIR}/lib/libdora.so"
    IMPORTED_SONAME libdora.so
    INTERFACE_INCLUDE_DIRECTORIES "${dora_ROOT_DIR}/include")

  add_library(dora::upstream INTERFACE IMPORTED)
  set_target_properties(dora::upstream PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${dora_ROOT_DIR}/include/dora/upstream")

  # The C++ headers are C++20; a project in C alone does not know such a feature.
  if(CMAKE_CXX_COMPILER_LOADED)
    target_compile_features(dora::operator INTERFACE cxx_std_20)
    target_compile_features(dora::node INTERFACE cxx_std_20)
  endif()
endif()

function(dora_add_operator name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES PREFIX lib SUFFIX .so)
  target_link_libraries(${name} PRIVATE dora::operator)
endfunction()
