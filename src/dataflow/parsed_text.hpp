#pragma once
// SPDX-License-Identifier: Apache-2.0
// A YAML text on its own: parsed, with the report that takes what is wrong with it.

#include <memory>
#include <string>
#include <utility>

#include "dataflow/fields.hpp"

namespace dora::dataflow {

struct ParsedText {
  /// `name` is what the text is called in messages.
  ParsedText(std::string name, std::string text, EnvironmentLookup variables = {})
      : source(report.add_source(std::make_shared<SourceText>(std::move(name), std::move(text)))),
        document(YamlDocument::parse(source, report)),
        environment(std::move(variables)) {}

  const YamlNode* root() const { return document.root(); }
  Location beginning() const { return {source, 0, 0}; }
  Decoder decoder() { return {report, document, environment}; }

  Report report;
  std::uint32_t source;
  YamlDocument document;
  EnvironmentLookup environment;
};

}  // namespace dora::dataflow
