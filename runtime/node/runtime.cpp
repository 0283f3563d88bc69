#include "fasti/runtime.hpp"

#include "runtime/node/node.hpp"

namespace fasti {

runtime::runtime(std::unique_ptr<node> n) : node_(std::move(n)) {}
runtime::runtime(runtime&&) noexcept = default;
runtime& runtime::operator=(runtime&&) noexcept = default;
runtime::~runtime() = default;

error detail::other_reply(const receipt& of, const std::string& expected) {
  return {errc::invalid, "other-reply",
          "command " + of.command.to_string() + " is stored, with version " +
              std::to_string(count_of(of.version)) + " of " + std::string(of.stream.text()) +
              ", but not with a reply " + expected};
}

result<void> runtime::check_category(std::string_view stream, std::string_view category) {
  if (stream.substr(0, stream.find('-')) == category) return {};
  return error{errc::invalid, "other-category",
               std::string(stream) + " is not a stream of \"" + std::string(category) + "\""};
}

result<runtime> runtime::open_node(runtime_options options) {
  auto opened = node::open(std::move(options));
  if (!opened) return std::move(opened).error();
  return runtime(*std::move(opened));
}

result<void> runtime::add_decider(detail::decider_port port) {
  return node_->add_decider(std::move(port));
}

result<void> runtime::add_process(detail::process_port port, const process_options& options) {
  return node_->add_process(std::move(port), options);
}

result<void> runtime::add_projection(detail::projection_port port,
                                     const projection_options& options) {
  return node_->add_projection(std::move(port), options);
}

void runtime::expect(std::string_view stream) const noexcept { node_->expect(stream); }

void runtime::send_words(detail::sent_command&& command, receipt_callback&& callback) {
  node_->send(std::move(command), std::move(callback));
}

void runtime::query_view(std::string_view name, type_id query, std::vector<word> body,
                         query_options options, view_callback callback) {
  node_->query_view(name, query, std::move(body), std::move(options), std::move(callback));
}

result<position> runtime::look_at_view(std::string_view name,
                                       const std::function<void(const detail::row_reader&)>& look,
                                       query_options options) {
  return node_->look_at_view(name, look, std::move(options));
}

void runtime::query_aggregate(detail::sent_query query, words_callback callback) {
  node_->query_aggregate(std::move(query), std::move(callback));
}

std::future<result<joint_receipt>> runtime::send_together(std::vector<addressed_command> commands,
                                                          command_origin origin, conditions under) {
  auto promise = std::make_shared<std::promise<result<joint_receipt>>>();
  auto future = promise->get_future();
  send_together_then(
      std::move(commands), [promise](result<joint_receipt> r) { promise->set_value(std::move(r)); },
      std::move(origin), std::move(under));
  return future;
}

void runtime::send_together_then(std::vector<addressed_command> commands, joint_callback callback,
                                 command_origin origin, conditions under) {
  node_->send_together(std::move(commands), std::move(origin), std::move(under),
                       std::move(callback));
}

result<detail::past_state> runtime::past_state(const detail::decider_port& decider,
                                               std::string_view stream, const moment& when) const {
  return node_->past_state(decider, stream, when);
}

result<detail::supposed_outcome> runtime::suppose(detail::past_state& on, std::string_view stream,
                                                  type_id command, body_view body) const {
  return node_->suppose(on, stream, command, body);
}

result<std::shared_ptr<detail::rebuild_control>> runtime::start_rebuild(
    std::string_view name, const rebuild_options& options) {
  return node_->start_rebuild(name, options);
}

std::shared_ptr<detail::rebuild_control> runtime::find_rebuild(std::string_view name) const {
  return node_->find_rebuild(name);
}

result<truncation> runtime::truncate(std::string_view stream, version up_to,
                                     std::string_view reason) {
  return node_->truncate(stream, up_to, reason);
}
result<void> runtime::forget_view(std::string_view name) { return node_->forget_view(name); }
fasti::journal& runtime::journal() noexcept { return node_->journal(); }
runtime_stats runtime::stats() const { return node_->stats(); }
result<void> runtime::close() { return node_->close(); }

}  // namespace fasti
