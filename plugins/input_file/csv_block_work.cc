#include "input_file/csv_block_work.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mortise::plugins {
namespace {

constexpr std::size_t longest_text = 1'000;  // of a bad row, as it is shown

std::string shortened(std::string_view text) {
  if (text.size() <= longest_text) return std::string(text);
  return std::string(text.substr(0, longest_text)) + "...";
}

class BlockWork {
 public:
  explicit BlockWork(BlockJob job)
      : job_(std::move(job)), text_(job_.block.text()), fields_(text_, job_.dialect, job_.width) {}

  BlockResult run() {
    result_.lines = fields_.lines();
    choose_rows();
    const std::size_t end = job_.take >= 0 && taken_all_ ? last_offset_ : text_.size();
    check_text(end);
    for (const CsvFault& fault : fields_.faults()) {
      if (fault.begin < end)
        bad({fault.begin,
             {},
             text_.substr(fault.begin, fault.end - fault.begin),
             fault.what,
             fault.expected,
             fault.got,
             fault.hint});
    }
    if (!job_.reject && !found_.empty()) return first_fault();
    read_columns();
    if (!job_.reject && !found_.empty()) return first_fault();
    std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.at < b.at; });
    for (const Found& found : found_) result_.rejects.push_back(described(found));
    result_.rows = static_cast<std::int64_t>(fields_.rows());
    return std::move(result_);
  }

 private:
  struct Found {
    std::size_t at;  // of the record in the block
    std::string column;
    std::string_view text;
    std::string what, expected, got, hint;
  };

  void bad(Found found) { found_.push_back(std::move(found)); }

  // Those of `skip` and `take`.
  void choose_rows() {
    const auto rows = static_cast<std::int64_t>(fields_.rows());
    const std::int64_t begin = std::min(job_.skip, rows);
    const std::int64_t end = job_.take < 0 ? rows : std::min(rows, begin + job_.take);
    taken_all_ = end < rows;
    if (taken_all_) last_offset_ = fields_.offset(static_cast<std::size_t>(end));
    result_.skipped = begin;
    if (begin == 0 && end == rows) return;
    std::vector<std::size_t> dropped;
    for (std::int64_t row = 0; row < rows; ++row) {
      if (row < begin || row >= end) dropped.push_back(static_cast<std::size_t>(row));
    }
    fields_.drop_rows(dropped);
  }

  void check_text(std::size_t end) {
    const std::string_view text = text_.substr(0, end);
    const auto bad_byte = find_bad_byte(text);
    if (!bad_byte) return;
    if (!job_.reject) {
      bad({bad_byte->at,
           {},
           text.substr(bad_byte->at, 1),
           bad_byte->what,
           bad_byte->expected,
           bad_byte->got,
           bad_byte->hint});
      return;
    }
    std::vector<std::size_t> dropped;
    for (std::size_t row = 0; row < fields_.rows(); ++row) {
      const std::string_view record = fields_.record(row);
      const auto wrong = find_bad_byte(record);
      if (!wrong) continue;
      bad({fields_.offset(row), {}, record, wrong->what, wrong->expected, wrong->got, wrong->hint});
      dropped.push_back(row);
    }
    fields_.drop_rows(dropped);
  }

  void read_columns() {
    read_pieces();
    std::set<std::size_t> misfits;
    for (std::size_t i = 0; i < job_.columns.size(); ++i) {
      for (const std::size_t row : result_.pieces[i].misfits) {
        misfits.insert(row);
        misfit(job_.columns[i], row);
        if (!job_.reject) break;
      }
    }
    if (misfits.empty() || !job_.reject) return;
    fields_.drop_rows({misfits.begin(), misfits.end()});
    read_pieces();
  }

  void read_pieces() {
    result_.pieces.clear();
    result_.plans.clear();
    for (const WantedColumn& column : job_.columns) {
      ColumnPlan plan = column.plan;
      result_.pieces.push_back(column.skip ? ColumnPiece{} : read_piece(column, plan));
      result_.plans.push_back(plan);
    }
  }

  // What turns out to be text whatever else the column holds is read as text at once.
  ColumnPiece read_piece(const WantedColumn& column, ColumnPlan& plan) {
    ColumnPiece piece = read_column(fields_, column.place, plan, *job_.nulls, column.task);
    const TextType& found = piece.evidence;
    if (piece.data != nullptr || column.task != ColumnTask::guess || found.type() != ColumnType::text || !found.any() ||
        found.undecided()) {
      return piece;
    }
    plan = ColumnPlan{};
    plan.layout = found.layout();
    ColumnPiece texts = read_column(fields_, column.place, plan, *job_.nulls, column.task);
    texts.evidence = std::move(piece.evidence);
    return texts;
  }

  void misfit(const WantedColumn& column, std::size_t row) {
    std::string expected(name_of(column.plan.type));
    if (const DateLayout* layout = column.plan.date_layout()) expected += " as " + layout->pattern();
    const std::string_view text = fields_.text(row, column.place, scratch_);
    const std::string got = "'" + std::string(text.substr(0, 100)) + "'";
    // The scratch does not live on, so what is kept is the raw record where the text is not in the block.
    const bool in_block = text.data() >= text_.data() && text.data() < text_.data() + text_.size();
    bad({fields_.offset(row), column.name, in_block ? text : fields_.record(row),
         "column '" + column.name + "': expected " + expected + ", got " + got, expected, got,
         column.task == ColumnTask::insist
             ? "leave '" + column.name + "' out of `types` and it becomes what it is, or say `on_error: reject`"
             : "name the type of '" + column.name + "' in `types`, for example text"});
  }

  BadRow described(const Found& found) const {
    return {count_lines(text_.substr(0, found.at)),
            found.column,
            valid(found.text),
            found.what,
            found.expected,
            found.got,
            found.hint};
  }
  // Raw text that no column of texts could hold is shown with "?" for what it is not.
  static std::string valid(std::string_view text) {
    std::string shown = shortened(text);
    while (const auto wrong = find_bad_byte(shown)) shown[wrong->at] = '?';
    return shown;
  }

  BlockResult first_fault() {
    const auto first =
        std::min_element(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.at < b.at; });
    result_.fault = described(*first);
    result_.pieces.clear();
    return std::move(result_);
  }

  BlockJob job_;
  std::string_view text_;
  CsvFields fields_;
  BlockResult result_;
  std::vector<Found> found_;
  std::string scratch_;
  bool taken_all_ = false;
  std::size_t last_offset_ = 0;
};

}  // namespace

BlockResult work_on(BlockJob job) { return BlockWork(std::move(job)).run(); }

}  // namespace mortise::plugins
