#include "plugin/extension_points.h"

#include <array>
#include <vector>

#include "mortise/plugin.h"
#include "plugin/hints.h"
#include "plugin/shape.h"

namespace mortise::plugin {
namespace {

using Operations = std::span<const OperationContract>;

// ---- shapes that many share --------------------------------------------------------------------------------------------

// What `execute` may say beside its data.
#define REPORT "metadata?: map, logs?: list, warnings?: list, errors?: list, ..."
#define EXECUTE(data, parameters) "{data" data ", parameters" parameters ", context?: map, ...}"
#define RESULT(data) "{data: " data ", " REPORT "}"

constexpr std::string_view step_input =
    "{step: {name: string, plugin: string, config: map, output?: string, input?: any, ...}, "
    "run: {id: string, attempt: int, key: string, folder?: string, ...}, ...}";
constexpr std::string_view step_output = "{outputs: map, rows?: int, ...}";

constexpr OperationContract validate{MORTISE_OP_VALIDATE, "", Need::optional, "{config: map, ...}", "{config: map, ...}"};
constexpr OperationContract health{MORTISE_OP_HEALTH, "", Need::optional, "null", "{healthy: bool, message?: string, ...}"};

constexpr OperationContract execute(std::string_view input, std::string_view output) {
  return {MORTISE_OP_EXECUTE, "", Need::required, input, output};
}
constexpr OperationContract method(std::string_view name, Need need, std::string_view input, std::string_view output) {
  return {MORTISE_OP_CALL, name, need, input, output};
}

// ---- data --------------------------------------------------------------------------------------------------------------

constexpr std::array data_import{
    execute(EXECUTE("?: any", ": {source: string, format: string, ...}"), RESULT("data")), validate, health};
constexpr std::array data_export{
    execute(EXECUTE(": data", ": {format: string, ...}"), RESULT("string | bytes | map")), validate, health};
constexpr std::array preprocessing{execute(EXECUTE(": data", "?: map"), RESULT("data")), validate, health};
constexpr std::array feature_engineering = preprocessing;
constexpr std::array analysis{execute(EXECUTE(": any", ": {method: string, ...}"), RESULT("value")), validate, health};
constexpr std::array visualization{
    execute(EXECUTE(": any", ": {chart_type: string, ...}"), RESULT("string | bytes | map")), validate, health};
constexpr std::array model_training{
    execute(EXECUTE(": data", "?: map"), RESULT("{model: value, metrics?: map, ...}")), validate, health};
constexpr std::array model_evaluation{execute(EXECUTE(": any", "?: map"), RESULT("map")), validate, health};
constexpr std::array report_generation{
    execute(EXECUTE("?: any", "?: map"), RESULT("{title: string, html?: string, markdown?: string, ...}")), validate, health};
constexpr std::array integration{execute(EXECUTE("?: any", "?: map"), RESULT("value")), validate, health};

// ---- steps, monitors, models -------------------------------------------------------------------------------------------

constexpr std::array step{
    OperationContract{MORTISE_OP_STEP, "", Need::required, step_input, step_output}, validate, health};

constexpr std::array monitor{
    OperationContract{MORTISE_OP_POLL, "", Need::required, "null",
                      "null | {timestamp: time, label: string, event: string, data?: any, ...}"},
    OperationContract{MORTISE_OP_AGGREGATE, "", Need::optional, "{items: list, ...}", "any"}, health};

constexpr std::array model{
    OperationContract{MORTISE_OP_INFER, "", Need::optional, "{model?: any, inputs: value, ...}", "{outputs: value, ...}"},
    method("load_model", Need::optional, "{model: value, ...}", "any"),
    method("unload_model", Need::optional, "{model: value, ...}", "any"),
    method("build_model", Need::optional, "{config?: map, ...}", "any"),
    method("get_default_config", Need::optional, "any", "map"),
    method("load_pretrained", Need::optional, "{path: string, ...}", "any"),
    health};

// ---- components of a training ------------------------------------------------------------------------------------------

constexpr std::array head{
    method("forward", Need::required, "{hidden_states: value, ...}", "map"),
    method("compute_loss", Need::required, "{logits: value, labels: value, ...}", "any"),
    method("get_output_size", Need::optional, "any", "int | {*: int}"),
    method("get_metrics", Need::optional, "any", "[string]"), health};
constexpr std::array augmenter{
    method("augment", Need::required, "{data: value, training?: bool, ...}", "value"),
    method("augment_batch", Need::optional, "{data: list, training?: bool, ...}", "list"),
    method("get_augmentation_params", Need::optional, "any", "map"), health};
constexpr std::array feature_extractor{
    method("extract_features", Need::required, "{data: value, ...}", "value"),
    method("get_feature_names", Need::optional, "any", "[string]"),
    method("batch_extract", Need::optional, "{data: list, ...}", "list"), health};
constexpr std::array data_loader{
    method("load_data", Need::required, "{path: string, split?: string, ...}", "data"),
    method("get_data_info", Need::optional, "any", "map"),
    method("validate_data", Need::optional, "{data: value, ...}", "{ok: bool, errors?: [string], ...}"), health};
constexpr std::array metric{
    method("compute", Need::required, "{predictions: value, labels: value, ...}", "number | map"),
    method("get_metric_names", Need::optional, "any", "[string]"),
    method("is_better", Need::optional, "{metric?: string, value: number, than: number, ...}", "bool"), health};
constexpr std::array callback{method("on_event", Need::required, "{event: string, data?: any, ...}", "any"), health};
constexpr std::array command{
    method("run", Need::required, "{arguments: [string], ...}", "any"),
    method("describe", Need::optional, "any", "{name: string, help?: string, ...}"), health};
constexpr std::array strategy{method("apply", Need::required, "{state: value, ...}", "any"), health};

#undef REPORT
#undef EXECUTE
#undef RESULT

// ---- the table ---------------------------------------------------------------------------------------------------------

constexpr std::array table{
    ExtensionPoint{"data_import", Group::data, "Import data from external sources", data_import, ""},
    ExtensionPoint{"data_export", Group::data, "Export data to external formats", data_export, ""},
    ExtensionPoint{"preprocessing", Group::data, "Data preprocessing and transformation", preprocessing, ""},
    ExtensionPoint{"feature_engineering", Group::data, "Feature extraction and engineering", feature_engineering, ""},
    ExtensionPoint{"analysis", Group::data, "Custom analysis algorithms", analysis, ""},
    ExtensionPoint{"visualization", Group::data, "Custom visualization types", visualization, ""},
    ExtensionPoint{"model_training", Group::data, "Custom model training", model_training, ""},
    ExtensionPoint{"model_evaluation", Group::data, "Custom model evaluation metrics", model_evaluation, ""},
    ExtensionPoint{"report_generation", Group::data, "Custom report sections", report_generation, ""},
    ExtensionPoint{"integration", Group::data, "Integration with external services", integration, "network"},

    ExtensionPoint{"Input", Group::step, "A step that brings data into a pipeline", step, ""},
    ExtensionPoint{"Data_Processing", Group::step, "A step that transforms data", step, ""},
    ExtensionPoint{"AIModels", Group::step, "A step that asks a model", step, ""},
    ExtensionPoint{"Output", Group::step, "A step that hands results on", step, ""},

    ExtensionPoint{"monitor", Group::monitor, "Is polled, and reports events", monitor, ""},

    ExtensionPoint{"model", Group::model, "Answers inference, or builds models for training, or both", model, ""},

    ExtensionPoint{"head", Group::component, "The task-specific end of a model", head, ""},
    ExtensionPoint{"augmenter", Group::component, "Varies training data; leaves other data alone", augmenter, ""},
    ExtensionPoint{"feature_extractor", Group::component, "Makes features of raw data", feature_extractor, ""},
    ExtensionPoint{"data_loader", Group::component, "Loads and checks data sets", data_loader, ""},
    ExtensionPoint{"metric", Group::component, "Measures predictions against labels", metric, ""},
    ExtensionPoint{"callback", Group::component, "Is told what happens in a training", callback, ""},
    ExtensionPoint{"command", Group::component, "A command of its own on the command line", command, ""},
    ExtensionPoint{"strategy", Group::component, "Decides how a training proceeds", strategy, ""},
};

constexpr std::array<std::string_view, 9> operation_names{"",     "validate",  "step",  "execute", "poll",
                                                          "aggregate", "infer", "call", "health"};
static_assert(MORTISE_OP_HEALTH == 8 && MORTISE_OP_VALIDATE == 1);

std::string spoken(std::uint32_t operation, std::string_view method) {
  std::string name(operation_name(operation));
  if (!method.empty()) name.append(" ").append(method);
  return name;
}

const OperationContract& required_contract(const ExtensionPoint& point, std::uint32_t operation, std::string_view method) {
  if (const OperationContract* found = contract(point, operation, method)) return *found;
  throw Error(Code::unsupported, "extension point '" + std::string(point.name) + "' has no operation '" +
                                     spoken(operation, method) + "'");
}

}  // namespace

std::string_view name_of(Group group) noexcept {
  constexpr std::array<std::string_view, 5> names{"data", "step", "monitor", "model", "component"};
  return names.at(static_cast<std::size_t>(group));
}

std::span<const ExtensionPoint> extension_points() noexcept { return table; }

const ExtensionPoint* find_extension_point(std::string_view name) noexcept {
  for (const ExtensionPoint& point : table) {
    if (point.name == name) return &point;
  }
  return nullptr;
}

const ExtensionPoint& extension_point(std::string_view name) {
  if (const ExtensionPoint* found = find_extension_point(name)) return *found;
  std::vector<std::string_view> known;
  for (const ExtensionPoint& point : table) known.push_back(point.name);
  throw Error(Code::invalid, "Unknown extension point: " + std::string(name), did_you_mean(name, known))
      .with("got", std::string(name));
}

std::string_view operation_name(std::uint32_t operation) noexcept {
  return operation < operation_names.size() ? operation_names.at(operation) : std::string_view{};
}

const OperationContract* contract(const ExtensionPoint& point, std::uint32_t operation, std::string_view method) noexcept {
  for (const OperationContract& row : point.operations) {
    if (row.operation == operation && row.method == method) return &row;
  }
  return nullptr;
}

void check_input(const ExtensionPoint& point, std::uint32_t operation, const Value& input, std::string_view method) {
  check_shape(required_contract(point, operation, method).input, input, "input");
}

void check_output(const ExtensionPoint& point, std::uint32_t operation, const Value& output, std::string_view method) {
  check_shape(required_contract(point, operation, method).output, output, "output");
}

// ---- the page ----------------------------------------------------------------------------------------------------------

namespace {

std::string in_table(std::string_view shape) {
  std::string text;
  for (const char c : shape) text.append(c == '|' ? "\\|" : std::string(1, c));
  return text;
}

void append_operations(std::string& page, const ExtensionPoint& point) {
  page += "| operation | | input | output |\n| --- | --- | --- | --- |\n";
  for (const OperationContract& row : point.operations) {
    page += "| `" + spoken(row.operation, row.method) + "` | " + (row.need == Need::required ? "required" : "optional") +
            " | `" + in_table(row.input) + "` | `" + in_table(row.output) + "` |\n";
  }
}

}  // namespace

std::string extension_points_page() {
  std::string page =
      "# Extension points\n\n"
      "<!-- Printed from src/plugin/extension_points.cc; `MORTISE_PRINT=1 build/bin/tests/plugin_test` writes it anew. -->\n\n"
      "The places where a plugin can take part. A manifest names them in `extension_points`; a plugin answers at least the\n"
      "required operations of each. `call NAME` is the operation `call` with the method NAME.\n\n"
      "Shapes: `any`; the kinds `null bool int number string bytes time list map tensor table` (a number is an int or a float);\n"
      "`value` is anything but null; `data` is a table, tensor, list or map; `[x]` is a list of x; `{key: x}` a map, where `key?`\n"
      "may be absent or null, `...` lets other keys through and `*` stands for any key; `x | y` is one of both.\n";
  for (const Group group : {Group::data, Group::step, Group::monitor, Group::model, Group::component}) {
    constexpr std::array<std::string_view, 5> titles{"Data", "Steps of a pipeline", "Monitors", "Models",
                                                     "Components of a training"};
    page.append("\n## ").append(titles.at(static_cast<std::size_t>(group))).append("\n");
    for (const ExtensionPoint& point : table) {
      if (point.group != group) continue;
      page.append("\n### ").append(point.name).append("\n\n").append(point.summary).append(".");
      if (!point.permission.empty()) page.append(" Needs the permission `").append(point.permission).append("`.");
      page += "\n\n";
      append_operations(page, point);
    }
  }
  return page;
}

}  // namespace mortise::plugin
