#include "dialects/omniscope/omniscope.h"

#include "dialects/omniscope/executions.h"
#include "dialects/omniscope/marketplace.h"
#include "dialects/omniscope/packages.h"
#include "dialects/omniscope/routes.h"

namespace mortise::dialects {
namespace {

class Omniscope final : public Dialect {
 public:
  explicit Omniscope(const Surroundings& host) : host_(host), executions_(host_) {}

  plugin::Finding look(const plugin::Shelf& shelf) override { return omniscope::look(shelf, host_); }
  void add_routes(http::Router& router) override {
    omniscope::add_routes(router, host_, executions_);
    omniscope::add_market_routes(router, host_);
  }

 private:
  const Surroundings host_;
  omniscope::Executions executions_;
};

}  // namespace

Guide omniscope_guide() {
  return {"omniscope", {}, [](const Surroundings& host) -> std::unique_ptr<Dialect> {
            return std::make_unique<Omniscope>(host);
          }};
}

}  // namespace mortise::dialects
