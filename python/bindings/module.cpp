// SPDX-License-Identifier: Apache-2.0
// The extension module dora._dora: one init function per public header.
#include <nanobind/nanobind.h>

NB_MODULE(_dora, module) {
  module.attr("version") = DORA_VERSION;
}
