#include "browser.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace fasti::test {
namespace {

using nlohmann::json;

constexpr int patience_ms = 60'000;
/// What --remote-debugging-pipe reads from and writes to.
constexpr int commands_fd = 3, answers_fd = 4;

/// Between fork and exec: only what is safe there. The descriptors are above those two.
[[noreturn]] void become(char** arguments, int commands, int answers) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
  ::dup2(commands, commands_fd);
  ::dup2(answers, answers_fd);
  ::setpgid(0, 0);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

/// Both ends above the descriptors that the browser is to have.
std::array<int, 2> high_pipe() {
  std::array<int, 2> low{};
  if (::pipe2(low.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  std::array<int, 2> high{};
  for (std::size_t i = 0; i < 2; ++i) {
    high.at(i) = ::fcntl(low.at(i), F_DUPFD_CLOEXEC, 10);
    ::close(low.at(i));
  }
  return high;
}

}  // namespace

std::optional<std::string> browser::program() {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto file = folder + "/chromium";
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

browser::browser(const std::string& program) {
  // No sandbox: the suite runs as root, too, and shows it no page but the bank's.
  std::vector<std::string> arguments{program,
                                     "--headless",
                                     "--no-sandbox",
                                     "--disable-gpu",
                                     "--disable-dev-shm-usage",
                                     "--disable-background-networking",
                                     "--no-first-run",
                                     "--remote-debugging-pipe",
                                     "--user-data-dir=" + (profile_ / "profile"),
                                     "about:blank"};
  std::vector<char*> argv;
  for (auto& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  const auto commands = high_pipe();
  const auto answers = high_pipe();
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), commands[0], answers[1]);
  ::close(commands[0]);
  ::close(answers[1]);
  to_ = commands[1];
  from_ = answers[0];
  const auto target = call("Target.createTarget", {{"url", "about:blank"}})["targetId"];
  session_ = call("Target.attachToTarget", {{"targetId", target}, {"flatten", true}})["sessionId"];
  call("Log.enable", json::object());
  call("Runtime.enable", json::object());
  call("Page.enable", json::object());
}

browser::~browser() {
  ::close(to_);
  ::close(from_);
  ::kill(-pid_, SIGKILL);  // it and its helpers: a group of their own
  ::waitpid(pid_, nullptr, 0);
}

void browser::open(const std::string& url) {
  const auto loads_before = loads_;
  call("Page.navigate", {{"url", url}});
  while (loads_ == loads_before) note(read_message());
}

json browser::evaluate(const std::string& expression) {
  const auto answer =
      call("Runtime.evaluate",
           {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", true}});
  if (answer.contains("exceptionDetails")) throw std::runtime_error(answer.dump());
  return answer["result"].value("value", json());
}

bool browser::comes_true(const std::string& condition) {
  const auto value = evaluate(
      "(async () => {"
      "  for (const end = Date.now() + 60000; Date.now() < end;) {"
      "    if (" +
      condition +
      ") return true;"
      "    await new Promise((go_on) => setTimeout(go_on, 20));"
      "  }"
      "  return false;"
      "})()");
  return value == true;
}

json browser::call(const std::string& method, json parameters) {
  json asked{{"id", ++calls_}, {"method", method}, {"params", std::move(parameters)}};
  if (!session_.empty()) asked["sessionId"] = session_;
  const auto text = asked.dump();
  if (::write(to_, text.c_str(), text.size() + 1) < 0) throw std::runtime_error("chromium is gone");
  while (true) {
    auto message = read_message();
    if (!message.contains("id")) {
      note(message);
    } else if (message["id"] == calls_) {
      if (message.contains("error")) throw std::runtime_error(message["error"].dump());
      return message["result"];
    }
  }
}

json browser::read_message() {
  while (true) {
    if (const auto end = pending_.find('\0'); end != std::string::npos) {
      auto message = json::parse(pending_.substr(0, end));
      pending_.erase(0, end + 1);
      return message;
    }
    pollfd waits{from_, POLLIN, 0};
    std::array<char, 8192> bytes{};
    const bool is_ready = ::poll(&waits, 1, 2 * patience_ms) > 0;
    const auto got = is_ready ? ::read(from_, bytes.data(), bytes.size()) : 0;
    if (got <= 0) throw std::runtime_error("chromium does not answer");
    pending_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

void browser::note(const json& event) {
  const auto method = event.value("method", "");
  if (method == "Page.loadEventFired") ++loads_;
  if (method == "Runtime.exceptionThrown") complaints_.push_back(event["params"].dump());
  if (method != "Log.entryAdded") return;
  const auto& entry = event["params"]["entry"];
  // That a connection broke is what the test is about.
  if (entry["level"] == "error" && entry["source"] != "network")
    complaints_.push_back(entry.dump());
}

}  // namespace fasti::test
