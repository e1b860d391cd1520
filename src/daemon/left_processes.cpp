// SPDX-License-Identifier: Apache-2.0
#include "daemon/left_processes.hpp"

namespace dora::daemon {

void LeftProcesses::add(pid_t pid, FileDescriptor pidfd, const Visit& visit) {
  // Its number cannot be used again before its end was told here.
  auto& process = processes_[pid];
  if (!process) {
    process = std::make_shared<Process>(loop_);
    if (pidfd) {
      process->pidfd.assign(pidfd.release());
      watch(pid, process);
    }
  }
  process->visits.push_back(visit);
}

void LeftProcesses::watch(pid_t pid, const std::shared_ptr<Process>& process) {
  process->pidfd.async_wait(
      boost::asio::posix::descriptor_base::wait_read,
      [this, pid, weak = std::weak_ptr(process)](const boost::system::error_code& error) {
        const auto ended = weak.lock();
        if (!ended || error) return;
        processes_.erase(pid);
        for (const Visit& visit : ended->visits)
          on_ended(visit);
      });
}

void LeftProcesses::forget_if(const std::function<bool(const Visit&)>& is_forgettable) {
  std::erase_if(processes_, [&](const auto& entry) {
    std::erase_if(entry.second->visits, is_forgettable);
    return entry.second->visits.empty();
  });
}

}  // namespace dora::daemon
