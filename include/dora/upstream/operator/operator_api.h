#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* Under the name that it has in the CMake package of dora-rs. */
#include "../operator_api.h"
