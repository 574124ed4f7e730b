#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {

// The secret alone goes to standard output, so that $(mortise token create ...) is the token.
int create_token(const Tools& tools) {
  const Arguments& arguments = tools.arguments;
  Value body = Value::map({{"name", arguments.token}, {"scope", arguments.scope}});
  if (!arguments.expires.empty()) body.set("expires", arguments.expires);
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value made =
      owner.client().ask({.method = "POST", .target = "/api/v1/tokens", .body = data::to_json(body)}).value();
  if (arguments.json) return print(json_text(made)), EXIT_SUCCESS;
  print(text_in(made, "token") + "\n");
  const std::string expires = text_in(made, "expires");
  complain("mortise: token " + text_in(made, "id") + " may " + text_in(made, "scope") +
           (expires.empty() ? "; it holds until it is revoked" : " until " + expires) + "; it is not shown again\n");
  return EXIT_SUCCESS;
}

int list_tokens(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value tokens = owner.client().get("/api/v1/tokens");
  if (tools.arguments.json) return print(json_text(tokens)), EXIT_SUCCESS;
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "SCOPE", "STATE", "EXPIRES", "LAST USED"}};
  for (const Value& token : tokens.items()) {
    rows.push_back({text_in(token, "id"), text_in(token, "name"), text_in(token, "scope"), text_in(token, "state"),
                    text_in(token, "expires", "never"), text_in(token, "last_used", "never")});
  }
  print(rows.size() > 1 ? table(rows) : "no tokens; `mortise token create NAME --scope SCOPE` makes one\n");
  return EXIT_SUCCESS;
}

int revoke_token(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client()
                           .ask({.method = "DELETE", .target = "/api/v1/tokens/" + path_segment(tools.arguments.token)})
                           .value();
  print(tools.arguments.json ? json_text(answer) : "revoked " + text_in(answer, "revoked") + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
