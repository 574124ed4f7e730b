// The report as one HTML page.
//
// Promises: no address of anywhere else in it, so that opening it asks the network for nothing, and a policy that would forbid
// it; every text from the data or the configuration is escaped; the numbers behind every chart can be read as a table; it
// reads well in the dark, on paper, on a phone and without scripts. The same input makes the same bytes.
#pragma once

#include <string>

#include "output_html/chart.h"
#include "output_html/report.h"

namespace mortise::plugins {

[[nodiscard]] std::string make_page(const ReportSpec& report, const TableOf& table_of);

}  // namespace mortise::plugins
