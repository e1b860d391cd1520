# dora_module(<name> [DEPENDS <module>...] SOURCES <file>... [TESTS <file>...] [FUZZERS <file>...]
#             [LINKS <library>...])
#
# Makes the library dora_<name> and, from TESTS, the program <name>_tests with its ctest entries.
# Each of FUZZERS is a program named like its file: under the preset `fuzz` it searches for inputs
# that break it; elsewhere it is a test that replays those kept in tests/corpus/<its name>/.
# DEPENDS is the list of modules that <name> may include: tools/check_layers.py holds it to that.
function(dora_module name)
  cmake_parse_arguments(module "" "" "DEPENDS;SOURCES;TESTS;FUZZERS;LINKS" ${ARGN})
  add_library(dora_${name} STATIC ${module_SOURCES})
  target_include_directories(dora_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  list(TRANSFORM module_DEPENDS PREPEND dora_)
  target_link_libraries(dora_${name} PUBLIC ${module_DEPENDS} ${module_LINKS})
  # Most of what a compiler does for a source is to parse the headers of libraries.
  set_target_properties(dora_${name} PROPERTIES UNITY_BUILD ${DORA_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE ${DORA_UNITY_BATCH})

  if(DORA_BUILD_TESTS AND module_TESTS)
    add_executable(${name}_tests ${module_TESTS})
    target_link_libraries(${name}_tests PRIVATE dora_${name} GTest::gmock_main)
    set_target_properties(${name}_tests PROPERTIES UNITY_BUILD ${DORA_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 4)
    include(GoogleTest)
    gtest_discover_tests(${name}_tests TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60)
  endif()

  foreach(source ${module_FUZZERS})
    get_filename_component(fuzzer ${source} NAME_WE)
    if(DORA_BUILD_FUZZERS)
      add_executable(${fuzzer} ${source})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${fuzzer} PRIVATE dora_${name})
    elseif(DORA_BUILD_TESTS)
      add_executable(${fuzzer} ${source} ${CMAKE_SOURCE_DIR}/tests/support/replay_corpus.cpp)
      target_link_libraries(${fuzzer} PRIVATE dora_${name})
      add_test(NAME ${name}.${fuzzer}.ReplaysItsCorpus
               COMMAND ${fuzzer} ${CMAKE_SOURCE_DIR}/tests/corpus/${fuzzer})
    endif()
  endforeach()
endfunction()
