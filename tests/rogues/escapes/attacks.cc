// Escapes in C++. `attacks_cc NAME` tries one; see README.md.
#include <sys/socket.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

namespace {

namespace fs = std::filesystem;

const std::string secret = "the canary sings";
fs::path folder() { return std::getenv("CANARY_FOLDER"); }
bool sings(const fs::path& path) {
  std::ifstream source(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(source), {}};
  return text.find(secret) != std::string::npos;
}

const std::map<std::string, std::function<bool()>> attacks{
    {"read_file", [] { return sings(folder() / "secret"); }},
    {"walk_the_machine",
     [] {
       for (const auto& entry : fs::recursive_directory_iterator(folder().parent_path(), fs::directory_options::skip_permission_denied)) {
         if (entry.path().filename() == "secret") return true;
       }
       return false;
     }},
    {"copy_away",
     [] {
       const fs::path copy = "/tmp/copied-" + std::to_string(::getpid());
       const bool fine = fs::copy_file(folder() / "secret", copy) && sings(copy);
       fs::remove(copy);
       return fine;
     }},
    {"write_file",
     [] {
       std::ofstream(folder() / "written") << "x";
       return fs::remove(folder() / "written");
     }},
    {"rename_file",
     [] {
       fs::rename(folder() / "scratch", folder() / "renamed");
       fs::rename(folder() / "renamed", folder() / "scratch");
       return true;
     }},
    {"through_a_shell", [] { return std::system(("grep -q canary " + (folder() / "secret").string() + " 2>/dev/null").c_str()) == 0; }},
    {"working_folder",
     [] {
       fs::current_path(folder());
       return sings("secret");
     }},
    {"every_process",
     [] {
       const std::string pid = std::getenv("CANARY_PID");
       return fs::exists(fs::path("/proc") / pid) && ::kill(std::stoi(pid), 0) == 0;
     }},
    {"stream",
     [] {
       sockaddr_in to{};
       to.sin_family = AF_INET;
       to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(std::getenv("CANARY_TCP"))));
       to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
       const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
       if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return false;
       char text[256];
       const ssize_t size = ::read(fd, text, sizeof text);
       return size > 0 && std::string(text, static_cast<std::size_t>(size)).find(secret) != std::string::npos;
     }},
};

}  // namespace

int main(int count, char** arguments) {
  const auto attack = count == 2 ? attacks.find(arguments[1]) : attacks.end();
  if (attack == attacks.end()) {
    for (const auto& [name, ignored] : attacks) std::cout << name << '\n';
    return 98;
  }
  try {
    return attack->second() ? 0 : 10;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 10;
  }
}
