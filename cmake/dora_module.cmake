# dora_module(<name> [DEPENDS <module>...] SOURCES <file>... [TESTS <file>...] [LINKS <library>...])
#
# Makes the library dora_<name> and, from TESTS, the program <name>_tests with its ctest entries.
# DEPENDS is the list of modules that <name> may include: tools/check_layers.py holds it to that.
function(dora_module name)
  cmake_parse_arguments(module "" "" "DEPENDS;SOURCES;TESTS;LINKS" ${ARGN})
  add_library(dora_${name} STATIC ${module_SOURCES})
  target_include_directories(dora_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  list(TRANSFORM module_DEPENDS PREPEND dora_)
  target_link_libraries(dora_${name} PUBLIC ${module_DEPENDS} ${module_LINKS})

  if(DORA_BUILD_TESTS AND module_TESTS)
    add_executable(${name}_tests ${module_TESTS})
    target_link_libraries(${name}_tests PRIVATE dora_${name} GTest::gmock_main)
    include(GoogleTest)
    gtest_discover_tests(${name}_tests TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
