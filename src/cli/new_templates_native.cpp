// SPDX-License-Identifier: Apache-2.0
// What `dora new` writes for C and C++.
#include "cli/new_sources_c.hpp"
#include "cli/new_sources_cxx.hpp"
#include "cli/new_templates.hpp"

namespace dora::cli {
namespace {

constexpr std::string_view cmake_beginning =
    R"(# `dora build` and `dora run` build this; so does `cmake -B build && cmake --build build`.
cmake_minimum_required(VERSION 3.20)
project(@module@ LANGUAGES @LANGUAGE@)

# The program dora knows where its CMake package is.
execute_process(COMMAND dora self cmake-dir
                OUTPUT_VARIABLE dora_place OUTPUT_STRIP_TRAILING_WHITESPACE)
find_package(dora REQUIRED HINTS ${dora_place})

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_SOURCE_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_SOURCE_DIR}/bin)

)";

constexpr TemplateFile cmake_of_dataflow{"CMakeLists.txt",
                                         R"(foreach(name talker_1 talker_2 listener_1)
  add_executable(${name} ${name}/node.@ending@)
  target_link_libraries(${name} PRIVATE dora::node)
endforeach()
)",
                                         cmake_beginning};

constexpr TemplateFile cmake_of_node{"CMakeLists.txt",
                                     R"(add_executable(node node.@ending@)
target_link_libraries(node PRIVATE dora::node)
)",
                                     cmake_beginning};

constexpr TemplateFile cmake_of_operator{"CMakeLists.txt",
                                         R"(dora_add_operator(operator operator.@ending@)

add_executable(receiver receiver.@ending@)
target_link_libraries(receiver PRIVATE dora::node)
)",
                                         cmake_beginning};

constexpr TemplateFile dataflow_of_dataflow{
    "dataflow.yml", R"(# yaml-language-server: $schema=.vscode/dataflow.schema.json
# A dataflow: programs, and which of them reads what from which. `dora run @name@` starts them, and
# builds first what changed.
nodes:
  - id: talker_1
    build: |
      cmake -S . -B build
      cmake --build build --target talker_1
    path: bin/talker_1 # made from talker_1/node.@ending@
    inputs:
      tick: dora/timer/millis/100 # a clock that ticks ten times a second
    outputs:
      - speech

  - id: talker_2
    build: |
      cmake -S . -B build
      cmake --build build --target talker_2
    path: bin/talker_2
    inputs:
      tick: dora/timer/secs/2
    outputs:
      - speech

  - id: listener_1
    build: |
      cmake -S . -B build
      cmake --build build --target listener_1
    path: bin/listener_1
    inputs:
      speech-1: talker_1/speech # what the node `talker_1` sends as `speech`
      speech-2: talker_2/speech
)"};

constexpr TemplateFile dataflow_of_node{
    "dataflow.yml", R"(# yaml-language-server: $schema=.vscode/dataflow.schema.json
# Runs the node on its own: a clock in, its counts out. `dora run` builds first what changed.
nodes:
  - id: @name@
    build: |
      cmake -S . -B build
      cmake --build build
    path: bin/node # made from node.@ending@
    inputs:
      tick: dora/timer/millis/100
    outputs:
      - count
)"};

constexpr TemplateFile dataflow_of_operator{
    "dataflow.yml", R"(# yaml-language-server: $schema=.vscode/dataflow.schema.json
# Runs the operator between a clock and a node that prints. `dora run` builds first what changed.
nodes:
  - id: @name@
    operator:
      build: |
        cmake -S . -B build
        cmake --build build --target operator
      shared-library: bin/operator # liboperator.so, made from operator.@ending@
      inputs:
        tick: dora/timer/millis/100
      outputs:
        - count

  - id: receiver
    build: |
      cmake -S . -B build
      cmake --build build --target receiver
    path: bin/receiver
    inputs:
      count: @name@/count
)"};

constexpr TemplateFile git_ignored{".gitignore", "bin/\nbuild/\nout/\n"};

constexpr TemplateFile c_dataflow[] = {dataflow_of_dataflow,
                                       cmake_of_dataflow,
                                       {"talker_1/node.c", c_talker, c_node_beginning},
                                       {"talker_2/node.c", c_talker, c_node_beginning},
                                       {"listener_1/node.c", c_listener, c_node_beginning},
                                       git_ignored};
constexpr TemplateFile c_node[] = {
    dataflow_of_node, cmake_of_node, {"node.c", c_counter, c_node_beginning}, git_ignored};
constexpr TemplateFile c_operator_files[] = {dataflow_of_operator,
                                             cmake_of_operator,
                                             {"operator.c", c_operator},
                                             {"receiver.c", c_receiver, c_node_beginning},
                                             git_ignored};
constexpr TemplateFile cxx_dataflow[] = {dataflow_of_dataflow,
                                         cmake_of_dataflow,
                                         {"talker_1/node.cc", cxx_talker},
                                         {"talker_2/node.cc", cxx_talker},
                                         {"listener_1/node.cc", cxx_listener},
                                         git_ignored};
constexpr TemplateFile cxx_node[] = {
    dataflow_of_node, cmake_of_node, {"node.cc", cxx_counter}, git_ignored};
constexpr TemplateFile cxx_operator_files[] = {dataflow_of_operator,
                                               cmake_of_operator,
                                               {"operator.cc", cxx_operator},
                                               {"receiver.cc", cxx_receiver},
                                               git_ignored};

constexpr std::string_view run_it = "dora run @name@";
constexpr Template native[] = {
    {"c", "dataflow", "C dataflow", c_dataflow, run_it},
    {"c", "node", "C custom node", c_node, run_it},
    {"c", "operator", "C operator", c_operator_files, run_it},
    {"cxx", "dataflow", "C++ dataflow", cxx_dataflow, run_it},
    {"cxx", "node", "C++ custom node", cxx_node, run_it},
    {"cxx", "operator", "C++ operator", cxx_operator_files, run_it},
};

}  // namespace

std::span<const Template> native_templates() {
  return native;
}

}  // namespace dora::cli
