#include "tests/tidy/scan.hpp"

#include <algorithm>
#include <cctype>
#include <regex>

namespace fasti::tidy {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Copies text to `out`, blanking what is not code.
class blanker {
 public:
  explicit blanker(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    if (starts("//")) return blank_until("\n", 0);
    if (starts("/*")) return blank_until("*/", 2);
    if (text_[at_] == '#' && first_on_line()) return blank_directive();
    if (text_[at_] == '"') return starts_raw() ? blank_raw() : blank_quoted('"');
    if (text_[at_] == '\'' && !separates_digits()) return blank_quoted('\'');
    out_ += text_[at_++];
  }

  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  bool first_on_line() const {
    const auto start = out_.rfind('\n');
    return out_.find_first_not_of(" \t", start == out_.npos ? 0 : start + 1) == out_.npos;
  }

  /// The word that ends where we are: a prefix of a literal, or a number.
  std::string_view word_before() const {
    auto from = out_.size();
    while (from > 0 && (is_word(out_[from - 1]) || out_[from - 1] == '\'')) --from;
    return std::string_view(out_).substr(from);
  }
  bool starts_raw() const { return !word_before().empty() && word_before().ends_with('R'); }
  bool separates_digits() const {
    return !word_before().empty() &&
           std::isdigit(static_cast<unsigned char>(word_before()[0])) != 0;
  }

  void blank(std::size_t end) {
    for (end = std::min(end, text_.size()); at_ < end; ++at_) {
      out_ += text_[at_] == '\n' ? '\n' : ' ';
    }
  }
  void blank_until(std::string_view stop, std::size_t stop_size) {
    const auto end = text_.find(stop, at_ + 1);
    blank(end == text_.npos ? end : end + stop_size);
  }
  void blank_directive() {
    auto end = at_;
    do {
      end = text_.find('\n', end + 1);
    } while (end != text_.npos && text_[end - 1] == '\\');
    blank(end);
  }
  void blank_raw() {
    const auto open = text_.find('(', at_);
    const auto stop = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    out_ += '"';
    ++at_;
    const auto end = text_.find(stop, at_);
    blank(end == text_.npos ? end : end + stop.size() - 1);
    if (at_ < text_.size()) out_ += text_[at_++];
  }
  void blank_quoted(char quote) {
    out_ += text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      blank(at_ + (text_[at_] == '\\' ? 2 : 1));
    }
    if (at_ < text_.size()) out_ += text_[at_++];
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

enum class scope { space, type, function, initialiser };

/// What a brace opens, from the text since the last `;`, `{` or `}`.
scope scope_of(std::string head) {
  static const std::regex adornments(R"(\[\[[^\]]*\]\]|alignas\s*\([^)]*\)|\b(export|inline)\b)");
  static const std::regex space(R"(^\s*(namespace\b[^(]*|extern\s*"\s*"\s*)$)");
  static const std::regex type(R"((^|>)\s*(typedef\s+|static\s+|constexpr\s+|const\s+)*)"
                               R"((class|struct|union|enum)\b[^(]*(\([^)]*\)[^(]*)?$)");
  static const std::regex initialiser(R"((=|\breturn|,|\()\s*$)");
  head = std::regex_replace(head, adornments, "");
  if (std::regex_search(head, space)) return scope::space;
  if (std::regex_search(head, initialiser)) return scope::initialiser;
  static const std::regex function_of_struct(R"(\)\s*(const|noexcept|override|final|\s)*$)");
  if (std::regex_search(head, type) && !std::regex_search(head, function_of_struct)) {
    return scope::type;
  }
  return scope::function;
}

/// Follows the braces; only what opens outside of functions is looked at.
class brace_walker {
 public:
  functions run(std::string_view code) {
    for (const char c : code) {
      if (c == '\n') ++line_;
      step(c);
    }
    found_.balanced = found_.balanced && open_.empty();
    return std::move(found_);
  }

 private:
  bool inside_function() const {
    return !open_.empty() &&
           (open_.back() == scope::function || open_.back() == scope::initialiser);
  }

  void step(char c) {
    if (c == '{') return open();
    if (c == '}') return close();
    if (inside_function()) return;
    if (c == '(') ++parens_;
    if (c == ')') --parens_;
    if (c == ';' && parens_ == 0) return forget();
    if (!is_space(c) && head_.empty()) start_head(c);
    if (!is_space(c) || !head_.empty()) head_ += is_space(c) ? ' ' : c;
  }

  /// A constructor's `: a_{1}, b_{2} {` looks like blocks one behind the other: they are one
  /// function.
  void start_head(char c) {
    const bool goes_on = c == ',' && !found_.spans.empty() && after_function_;
    head_line_ = goes_on ? found_.spans.back().first_line : line_;
    if (goes_on) drop_last();
    after_function_ = false;
  }
  void drop_last() { found_.spans.pop_back(); }

  void open() {
    if (inside_function()) {
      open_.push_back(scope::function);
      return;
    }
    if (head_.empty() && after_function_ && !found_.spans.empty()) {
      head_ = found_.spans.back().head;  // `: a_{1} {`: the body itself
      head_line_ = found_.spans.back().first_line;
      drop_last();
    }
    // Inside parentheses, as in a default argument: not a scope that can hold functions.
    const auto what = parens_ > 0 ? scope::initialiser : scope_of(head_);
    open_.push_back(what);
    if (what == scope::function || what == scope::initialiser) {
      kept_head_ = head_;
      kept_line_ = head_.empty() ? line_ : head_line_;
      outermost_ = open_.size();
    }
    if (what == scope::initialiser) return;
    forget();
  }

  void close() {
    if (open_.empty()) {
      found_.balanced = false;
      return;
    }
    const auto what = open_.back();
    const bool outermost = open_.size() == outermost_;
    open_.pop_back();
    if (what == scope::function && outermost) {
      forget();
      found_.spans.push_back({kept_line_, line_, kept_head_});
      after_function_ = true;
      outermost_ = 0;
    } else if (what == scope::initialiser && outermost) {
      outermost_ = 0;
    } else if (!inside_function()) {
      forget();
    }
  }

  void forget() {
    head_.clear();
    parens_ = 0;
    after_function_ = false;
  }

  functions found_;
  std::vector<scope> open_;
  std::size_t line_ = 1;
  std::string head_, kept_head_;
  std::size_t head_line_ = 1, kept_line_ = 1;
  std::size_t outermost_ = 0;  // depth of the function or initialiser that we are in
  int parens_ = 0;
  bool after_function_ = false;
};

}  // namespace

std::string code_of(std::string_view text) { return blanker(text).run(); }

functions functions_of(std::string_view text) { return brace_walker().run(code_of(text)); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace fasti::tidy
