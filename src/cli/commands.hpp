#pragma once
// SPDX-License-Identifier: Apache-2.0
// The commands: each describes itself and is carried out in the file that has its name.

#include "cli/command_line.hpp"
#include "cli/terminal.hpp"

namespace dora::cli {

/// What a command is given besides its own words.
struct CommandContext {
  const ParsedCommand& command;
  const Environment& environment;
  Terminal terminal;
};

extern const Command attach_command;
extern const Command build_command;
extern const Command clean_command;
extern const Command complete_command;
extern const Command completion_command;
extern const Command daemon_command;
extern const Command doctor_command;
extern const Command down_command;
extern const Command exec_command;
extern const Command expand_command;
extern const Command explain_command;
extern const Command graph_command;
extern const Command help_command;
extern const Command hub_fetch_command;
extern const Command hub_info_command;
extern const Command hub_init_command;
extern const Command hub_install_command;
extern const Command hub_list_command;
extern const Command hub_outdated_command;
extern const Command hub_publish_command;
extern const Command hub_search_command;
extern const Command hub_update_command;
extern const Command hub_yank_command;
extern const Command list_command;
extern const Command logs_command;
extern const Command new_command;
extern const Command node_add_command;
extern const Command node_connect_command;
extern const Command node_disconnect_command;
extern const Command node_info_command;
extern const Command node_list_command;
extern const Command node_remove_command;
extern const Command node_replace_command;
extern const Command node_restart_command;
extern const Command node_stop_command;
extern const Command param_delete_command;
extern const Command param_get_command;
extern const Command param_list_command;
extern const Command param_set_command;
extern const Command restart_command;
extern const Command run_command;
extern const Command runtime_command;
extern const Command schema_command;
extern const Command self_cmake_dir_command;
extern const Command self_uninstall_command;
extern const Command self_update_command;
extern const Command start_command;
extern const Command status_command;
extern const Command stop_command;
extern const Command up_command;
extern const Command validate_command;

}  // namespace dora::cli
