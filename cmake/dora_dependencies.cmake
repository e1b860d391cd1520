# The libraries we stand on, all from Debian, all linked statically so that an installed wheel needs
# nothing but libc, libstdc++, libgcc and libm. See docs/architecture.md for the reason of each.
find_package(Threads REQUIRED)

find_path(FYAML_INCLUDE_DIR libfyaml.h REQUIRED)
find_library(FYAML_LIBRARY libfyaml.a REQUIRED)
add_library(dora_fyaml INTERFACE)
target_include_directories(dora_fyaml SYSTEM INTERFACE ${FYAML_INCLUDE_DIR})
target_link_libraries(dora_fyaml INTERFACE ${FYAML_LIBRARY} Threads::Threads)

find_path(SQLITE_INCLUDE_DIR sqlite3.h REQUIRED)
find_library(SQLITE_LIBRARY libsqlite3.a REQUIRED)
add_library(dora_sqlite INTERFACE)
target_include_directories(dora_sqlite SYSTEM INTERFACE ${SQLITE_INCLUDE_DIR})
target_link_libraries(dora_sqlite INTERFACE ${SQLITE_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS} m)

set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
add_library(dora_json INTERFACE)
target_link_libraries(dora_json INTERFACE Boost::json)

# Asio is compiled once, in src/transport/asio.cpp; the definitions must be the same everywhere.
add_library(dora_asio INTERFACE)
target_compile_definitions(dora_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(dora_asio INTERFACE Boost::headers Threads::Threads)

# Debian ships fmt without a static archive: src/base/format.cpp compiles its definitions once.
find_path(FMT_INCLUDE_DIR fmt/format.h REQUIRED)

if(DORA_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
