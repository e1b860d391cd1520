// SPDX-License-Identifier: Apache-2.0
// Compiles Boost.Asio once for the whole program; every other file sees declarations only.
#include <boost/asio/impl/src.hpp>
