#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What a C operator of dora-rs exports. See operator_types.h. */

#include "operator_types.h"

#ifdef __cplusplus
extern "C" {
#endif

DORA_API DoraInitResult_t dora_init_operator(void);
DORA_API DoraResult_t dora_drop_operator(void* operator_context);
DORA_API OnEventResult_t dora_on_event(RawEvent_t* event, const SendOutput_t* send_output,
                                       void* operator_context);

#ifdef __cplusplus
}
#endif
