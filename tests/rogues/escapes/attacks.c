/* Escapes in C: the kernel's own doors. `attacks NAME` tries one; see README.md. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <linux/if_packet.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET "the canary sings"
enum { GOT_IT = 0, REFUSED = 10, NOT_HERE = 11 };

static const char* where(const char* name) {
  const char* value = getenv(name);
  if (value == NULL) {
    fprintf(stderr, "no %s\n", name);
    exit(99);
  }
  return value;
}
static char path_buffer[4096];
static const char* canary(const char* file) {
  snprintf(path_buffer, sizeof path_buffer, "%s/%s", where("CANARY_FOLDER"), file);
  return path_buffer;
}
static pid_t victim(void) { return (pid_t)atoi(where("CANARY_PID")); }
static int got(int yes) { return yes ? GOT_IT : REFUSED; }
static int holds_secret(int fd) {
  char text[256] = {0};
  const ssize_t size = read(fd, text, sizeof text - 1);
  return size > 0 && memmem(text, (size_t)size, SECRET, strlen(SECRET)) != NULL;
}
static int read_secret(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd >= 0 && holds_secret(fd);
}
/* The kernel looked at the request itself; it was not turned away at the door. */
static int reached(long result) { return result >= 0 || (errno != EPERM && errno != EACCES && errno != ENOSYS && errno != EAFNOSUPPORT); }

/* ---- files ---- */
static int read_file(void) { return got(read_secret(canary("secret"))); }
static int list_folder(void) {
  DIR* folder = opendir(where("CANARY_FOLDER"));
  if (folder == NULL) return REFUSED;
  for (struct dirent* entry; (entry = readdir(folder)) != NULL;)
    if (strcmp(entry->d_name, "secret") == 0) return GOT_IT;
  return REFUSED;
}
static int write_file(void) {
  const int fd = open(canary("written"), O_WRONLY | O_CREAT, 0644);
  return got(fd >= 0 && write(fd, "x", 1) == 1 && unlink(canary("written")) == 0);
}
static int append_file(void) {
  const int fd = open(canary("scratch"), O_WRONLY | O_APPEND);
  return got(fd >= 0 && write(fd, "x", 1) == 1);
}
static int truncate_file(void) { return got(truncate(canary("scratch"), 3) == 0); }
static int make_folder(void) { return got(mkdir(canary("made"), 0755) == 0 && rmdir(canary("made")) == 0); }
static int rename_file(void) {
  char from[4096];
  snprintf(from, sizeof from, "%s", canary("scratch"));
  if (rename(from, canary("renamed")) != 0) return REFUSED;
  char to[4096];
  snprintf(to, sizeof to, "%s", canary("renamed"));
  return got(rename(to, from) == 0);
}
static int remove_file(void) { return got(unlink(canary("disposable")) == 0); }
static int hard_link(void) {
  char from[4096];
  snprintf(from, sizeof from, "%s", canary("secret"));
  if (link(from, canary("linked")) != 0) return REFUSED;
  const int fine = read_secret(canary("linked"));
  unlink(canary("linked"));
  return got(fine);
}
static int through_symlink(void) {
  char link_path[128];
  snprintf(link_path, sizeof link_path, "/tmp/way-%d", (int)getpid());
  if (symlink(canary("secret"), link_path) != 0) return REFUSED;
  const int fine = read_secret(link_path);
  unlink(link_path);
  return got(fine);
}
static int through_dots(void) {
  char path[4096];
  snprintf(path, sizeof path, "/usr/../%s", canary("secret") + 1);
  return got(read_secret(path));
}
static int through_proc_root(void) {
  char path[4200];
  snprintf(path, sizeof path, "/proc/self/root%s", canary("secret"));
  return got(read_secret(path));
}
static int through_init_root(void) {
  char path[4200];
  snprintf(path, sizeof path, "/proc/%d/root%s", (int)victim(), canary("secret"));
  return got(read_secret(path));
}
static int through_victims_folder(void) {
  char path[4200];
  snprintf(path, sizeof path, "/proc/%d/cwd/secret", (int)victim());
  return got(read_secret(path));
}
static int change_mode(void) { return got(chmod(canary("scratch"), 0600) == 0); }
static int change_times(void) { return got(utimes(canary("scratch"), NULL) == 0); }
static int set_attribute(void) { return got(syscall(SYS_setxattr, canary("scratch"), "user.x", "1", 1, 0) == 0); }
static int run_foreign_program(void) {
  char program[4096];
  snprintf(program, sizeof program, "%s", canary("program"));
  const pid_t pid = fork();
  if (pid == 0) {
    execl(program, program, (char*)NULL);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return got(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}
static int file_in_tmp(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s", where("CANARY_TMP"));
  return got(read_secret(path));
}
static int file_in_shared_memory_folder(void) { return got(read_secret(where("CANARY_SHM_FILE"))); }
static int open_by_handle(void) {
  struct {
    struct file_handle handle;
    unsigned char bytes[128];
  } one;
  memset(&one, 0, sizeof one);
  one.handle.handle_bytes = sizeof one.bytes;
  int mount_id = 0;
  /* The handle of what it may see leads to the file system; from there any inode number would do. */
  if (name_to_handle_at(AT_FDCWD, "/usr", &one.handle, &mount_id, 0) != 0) return REFUSED;
  const int base = open("/usr", O_RDONLY | O_DIRECTORY);
  return got(open_by_handle_at(base, &one.handle, O_RDONLY) >= 0);
}
static int block_device(void) {
  char path[128];
  snprintf(path, sizeof path, "/tmp/device-%d", (int)getpid());
  const int made = mknod(path, S_IFCHR | 0600, makedev(1, 5)) == 0; /* /dev/zero */
  char byte = 1;
  const int fd = made ? open(path, O_RDONLY) : -1;
  const int fine = fd >= 0 && read(fd, &byte, 1) == 1 && byte == 0;
  unlink(path);
  return got(fine);
}
static int write_to_system(void) {
  const int fd = open("/usr/local/escaped", O_WRONLY | O_CREAT, 0644);
  const int fine = fd >= 0;
  if (fine) unlink("/usr/local/escaped");
  return got(fine);
}
static int kernel_parameters(void) {
  const int fd = open("/proc/sys/kernel/domainname", O_WRONLY);
  return got(fd >= 0);
}
static int kernel_log_device(void) { return got(open("/dev/kmsg", O_WRONLY) >= 0); }

/* ---- mounts and roots ---- */
static int mount_memory(void) {
  if (mount("none", "/mnt", "tmpfs", 0, NULL) != 0) return REFUSED;
  umount2("/mnt", MNT_DETACH);
  return GOT_IT;
}
static int bind_mount(void) {
  if (mount("/etc", "/mnt", NULL, MS_BIND, NULL) != 0) return REFUSED;
  umount2("/mnt", MNT_DETACH);
  return GOT_IT;
}
static int new_mount_calls(void) {
  const long tree = syscall(428 /* open_tree */, AT_FDCWD, "/etc", 1 /* CLONE */);
  return got(tree >= 0);
}
static int open_file_system(void) { return got(syscall(430 /* fsopen */, "tmpfs", 0) >= 0); }
static int change_root(void) {
  const int here = open("/", O_RDONLY | O_DIRECTORY);
  if (chroot("/tmp") != 0) return REFUSED;
  return got(fchdir(here) == 0 && chroot(".") == 0);
}
static int swap_root(void) { return got(reached(syscall(SYS_pivot_root, "/nowhere", "/nowhere"))); }

/* ---- namespaces ---- */
static int in_child(int (*what)(void)) {
  const pid_t pid = fork();
  if (pid == 0) _exit(what());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : REFUSED;
}
static int new_users_here(void) { return got(unshare(CLONE_NEWUSER) == 0); }
static int new_users(void) { return in_child(new_users_here); }
static int new_mounts_here(void) { return got(unshare(CLONE_NEWNS) == 0); }
static int new_mounts(void) { return in_child(new_mounts_here); }
static int clone_users(void) {
  const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return got(pid > 0);
}
static int clone3_users(void) {
  uint64_t arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, 0};
  const long pid = syscall(435 /* clone3 */, arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return got(pid > 0);
}
static int enter_network(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)victim());
  const int fd = open(path, O_RDONLY);
  return got(fd >= 0 && setns(fd, CLONE_NEWNET) == 0);
}
static int enter_own_mounts(void) {
  const int fd = open("/proc/self/ns/uts", O_RDONLY);
  return got(fd >= 0 && reached(setns(fd, CLONE_NEWUTS)));
}

/* ---- other processes ---- */
static int see_processes(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/cmdline", (int)victim());
  return got(access(path, F_OK) == 0);
}
static int read_environment(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/environ", (int)victim());
  return got(read_secret(path));
}
static int send_signal(void) { return got(kill(victim(), SIGUSR1) == 0); }
static int signal_everybody(void) { return got(kill(victim(), 0) == 0); }
static int signal_by_handle(void) {
  const long fd = syscall(434 /* pidfd_open */, victim(), 0);
  return got(fd >= 0 && syscall(424 /* pidfd_send_signal */, (int)fd, 0, NULL, 0) == 0);
}
static int steal_descriptor(void) {
  const long fd = syscall(434, victim(), 0);
  return got(fd >= 0 && syscall(438 /* pidfd_getfd */, (int)fd, 1, 0) >= 0);
}
static int trace(void) {
  if (ptrace(PTRACE_SEIZE, victim(), NULL, NULL) != 0) return REFUSED;
  ptrace(PTRACE_DETACH, victim(), NULL, NULL);
  return GOT_IT;
}
static int trace_own_child(void) {
  const pid_t pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  const int fine = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  return got(fine);
}
static int read_memory(void) {
  char byte = 0;
  const uintptr_t address = (uintptr_t)strtoull(where("CANARY_ADDRESS"), NULL, 0);
  struct iovec mine = {&byte, 1}, theirs = {(void*)address, 1};
  return got(process_vm_readv(victim(), &mine, 1, &theirs, 1, 0) == 1 || errno == EFAULT);
}
static int slow_down(void) { return got(setpriority(PRIO_PROCESS, (id_t)victim(), 1) == 0); }
static int pin_down(void) {
  cpu_set_t set;
  return got(sched_getaffinity(victim(), sizeof set, &set) == 0 && sched_setaffinity(victim(), sizeof set, &set) == 0);
}
static int limit_other(void) {
  struct rlimit limit;
  return got(prlimit(victim(), RLIMIT_NOFILE, NULL, &limit) == 0);
}
static int compare_kernels(void) { return got(syscall(SYS_kcmp, getpid(), victim(), 0, 0, 0) >= 0); }
static int outlive(void) {
  /* A grandchild in a session of its own, with nothing to lose; the runner looks for it afterwards. */
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      prctl(PR_SET_NAME, "outliver");
      for (int fd = 0; fd < 64; ++fd) close(fd);
      for (int i = 0; i < 600; ++i) usleep(100000);
    }
    _exit(0);
  }
  usleep(200000);
  return GOT_IT;
}

/* ---- network ---- */
static int talk(int fd, const struct sockaddr* address, socklen_t size) {
  if (fd < 0 || connect(fd, address, size) != 0) return REFUSED;
  struct pollfd waiting = {fd, POLLIN, 0};
  return got(poll(&waiting, 1, 2000) == 1 && holds_secret(fd));
}
static int tcp(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where("CANARY_TCP")))};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  return talk(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr*)&to, sizeof to);
}
static int tcp6(void) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(where("CANARY_TCP")))};
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
  return talk(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr*)&to, sizeof to);
}
static int udp(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where("CANARY_UDP")))};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0 || send(fd, "?", 1, 0) != 1) return REFUSED;
  struct pollfd waiting = {fd, POLLIN, 0};
  return got(poll(&waiting, 1, 2000) == 1 && holds_secret(fd));
}
static int abstract_socket(void) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  const char* name = where("CANARY_ABSTRACT");
  memcpy(to.sun_path + 1, name, strlen(name));
  return talk(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}
static int named_socket(void) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  snprintf(to.sun_path, sizeof to.sun_path, "%s", where("CANARY_SOCKET"));
  return talk(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&to, sizeof to);
}
static int raw_socket(void) { return got(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0); }
static int packet_socket(void) { return got(socket(AF_PACKET, SOCK_RAW, 0) >= 0); }
static int netlink_socket(void) { return got(socket(AF_NETLINK, SOCK_RAW, 0) >= 0); }
static int crypto_socket(void) { return got(socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0) >= 0); }
static int machine_socket(void) { return got(socket(40 /* AF_VSOCK */, SOCK_STREAM, 0) >= 0); }
static int see_interfaces(void) {
  /* Anything but loopback means that it looks at the host's network. */
  struct if_nameindex* all = if_nameindex();
  if (all == NULL) return REFUSED;
  for (struct if_nameindex* one = all; one->if_index != 0; ++one)
    if (strcmp(one->if_name, where("CANARY_INTERFACE")) == 0) return GOT_IT;
  return REFUSED;
}
static int listen_on_host(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where("CANARY_TCP")))};
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  /* The canary listens there: on the host's network the port is taken. */
  return got(fd >= 0 && bind(fd, (struct sockaddr*)&at, sizeof at) != 0 && errno == EADDRINUSE);
}

/* ---- what processes share ---- */
static int shared_memory(void) {
  const int id = shmget((key_t)atoi(where("CANARY_KEY")), 0, 0);
  const char* text = id >= 0 ? shmat(id, NULL, SHM_RDONLY) : (const char*)-1;
  return got(text != (const char*)-1 && strstr(text, SECRET) != NULL);
}
static int message_queue(void) { return got(msgget((key_t)atoi(where("CANARY_KEY")), 0) >= 0); }
static int semaphores(void) { return got(semget((key_t)atoi(where("CANARY_KEY")), 0, 0) >= 0); }
static int posix_queue(void) { return got(mq_open(where("CANARY_QUEUE"), O_RDONLY | O_NONBLOCK) >= 0); }
static int host_name(void) {
  char name[256] = {0};
  gethostname(name, sizeof name - 1);
  return got(sethostname(name, strlen(name)) == 0);
}

/* ---- the kernel's wide doors: reached is bad enough ---- */
static int bpf(void) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  return got(reached(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes)));
}
static int perf(void) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.exclude_kernel = 1;
  return got(reached(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0)));
}
static int user_faults(void) { return got(reached(syscall(SYS_userfaultfd, 1 /* USER_MODE_ONLY */))); }
static int rings(void) {
  char parameters[256] = {0};
  return got(reached(syscall(425 /* io_uring_setup */, 1, parameters)));
}
static int keys(void) { return got(reached(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1))); }
static int add_key(void) { return got(reached(syscall(SYS_add_key, "user", "escaped", "x", 1, KEY_SPEC_PROCESS_KEYRING))); }
static int kernel_module(void) { return got(reached(syscall(SYS_init_module, "x", 1, ""))); }
static int kernel_module_file(void) { return got(reached(syscall(SYS_finit_module, -1, "", 0))); }
static int restart_machine(void) { return got(reached(syscall(SYS_reboot, 0, 0, 0, NULL))); }
static int swap_file(void) { return got(reached(syscall(SYS_swapon, "/nowhere", 0))); }
static int accounting(void) { return got(reached(syscall(SYS_acct, "/nowhere/x"))); }
static int quotas(void) { return got(reached(quotactl(QCMD(Q_GETFMT, USRQUOTA), "/nowhere", 0, NULL))); }
static int set_clock(void) {
  struct timex clock;
  memset(&clock, 0, sizeof clock);
  if (adjtimex(&clock) < 0) return REFUSED;
  clock.modes = ADJ_TICK; /* to what it is: a right that is proven and not used */
  return got(adjtimex(&clock) >= 0);
}
static int kernel_log(void) {
  char text[64];
  return got(syscall(SYS_syslog, 3, text, sizeof text) >= 0);
}
static int watch_files(void) { return got(reached(syscall(SYS_fanotify_init, 0, O_RDONLY))); }
static int segments(void) { return got(reached(syscall(SYS_modify_ldt, 0, NULL, 0))); }
static int move_pages_of(void) { return got(reached(syscall(SYS_move_pages, victim(), 0, NULL, NULL, NULL, 0))); }
static int fixed_addresses(void) { return got(personality(ADDR_NO_RANDOMIZE) != -1); }
static int secret_memory(void) { return got(reached(syscall(447 /* memfd_secret */, 0))); }

/* ---- rights ---- */
static int give_file_away(void) {
  char path[128];
  snprintf(path, sizeof path, "/tmp/gift-%d", (int)getpid());
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  const int fine = fd >= 0 && fchown(fd, 12345, 12345) == 0;
  unlink(path);
  return got(fine);
}
static int become_somebody_here(void) { return got(setuid(12345) == 0); }
static int become_somebody(void) { return in_child(become_somebody_here); }
static int become_a_group_here(void) { return got(setgroups(0, NULL) == 0); }
static int become_a_group(void) { return in_child(become_a_group_here); }
static int raise_priority(void) { return got(setpriority(PRIO_PROCESS, 0, -5) == 0); }
static int real_time(void) {
  struct sched_param parameters = {1};
  return got(sched_setscheduler(0, SCHED_FIFO, &parameters) == 0);
}
static int lock_memory(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const size_t size = (size_t)64 << 20;
  void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return got(memory != MAP_FAILED && mlock(memory, size) == 0);
}
static int low_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(81)};
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  return got(fd >= 0 && bind(fd, (struct sockaddr*)&at, sizeof at) == 0);
}
static int set_user_id_program(void) {
  char program[4096];
  snprintf(program, sizeof program, "%s", where("CANARY_SETUID"));
  const pid_t pid = fork();
  if (pid == 0) {
    execl(program, program, (char*)NULL);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return got(WIFEXITED(status) && WEXITSTATUS(status) == 43); /* its effective user was another one */
}

/* ---- what was left open, and how much of anything ---- */
static int left_descriptor(void) { return got(lseek(100, 0, SEEK_SET) == 0 && holds_secret(100)); }
static int left_folder(void) {
  const int fd = openat(101, "secret", O_RDONLY);
  return got(fd >= 0 && holds_secret(fd));
}
static int many_descriptors(void) {
  for (int i = 0; i < 2000; ++i)
    if (dup(1) < 0) return REFUSED;
  return GOT_IT;
}
static int large_file(void) {
  char path[128];
  snprintf(path, sizeof path, "/tmp/large-%d", (int)getpid());
  signal(SIGXFSZ, SIG_IGN);
  const int fd = open(path, O_WRONLY | O_CREAT, 0600);
  const int fine = fd >= 0 && ftruncate(fd, (off_t)64 << 20) == 0;
  unlink(path);
  return got(fine);
}
static int core_dump(void) {
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  return got(setrlimit(RLIMIT_CORE, &limit) == 0);
}
static int many_processes(void) {
  pid_t made[400];
  int count = 0;
  for (; count < 400; ++count) {
    made[count] = fork();
    if (made[count] == 0) {
      pause();
      _exit(0);
    }
    if (made[count] < 0) break;
  }
  for (int i = 0; i < count; ++i) {
    kill(made[i], SIGKILL);
    waitpid(made[i], NULL, 0);
  }
  return got(count == 400);
}
static int fill_tmp(void) {
  char path[128], block[1 << 16];
  snprintf(path, sizeof path, "/tmp/full-%d", (int)getpid());
  memset(block, 'x', sizeof block);
  const int fd = open(path, O_WRONLY | O_CREAT, 0600);
  int fine = fd >= 0;
  for (int i = 0; fine && i < 1024; ++i) fine = write(fd, block, sizeof block) == (ssize_t)sizeof block; /* 64 MiB */
  unlink(path);
  return got(fine);
}

static const struct {
  const char* name;
  int (*attack)(void);
} attacks[] = {
#define ATTACK(name) {#name, name}
    ATTACK(read_file), ATTACK(list_folder), ATTACK(write_file), ATTACK(append_file), ATTACK(truncate_file), ATTACK(make_folder),
    ATTACK(rename_file), ATTACK(remove_file), ATTACK(hard_link), ATTACK(through_symlink), ATTACK(through_dots), ATTACK(through_proc_root),
    ATTACK(through_init_root), ATTACK(through_victims_folder), ATTACK(change_mode), ATTACK(change_times), ATTACK(set_attribute),
    ATTACK(run_foreign_program), ATTACK(file_in_tmp), ATTACK(file_in_shared_memory_folder), ATTACK(open_by_handle), ATTACK(block_device),
    ATTACK(write_to_system), ATTACK(kernel_parameters), ATTACK(kernel_log_device), ATTACK(mount_memory), ATTACK(bind_mount),
    ATTACK(new_mount_calls), ATTACK(open_file_system), ATTACK(change_root), ATTACK(swap_root), ATTACK(new_users), ATTACK(new_mounts),
    ATTACK(clone_users), ATTACK(clone3_users), ATTACK(enter_network), ATTACK(enter_own_mounts), ATTACK(see_processes),
    ATTACK(read_environment), ATTACK(send_signal), ATTACK(signal_everybody), ATTACK(signal_by_handle), ATTACK(steal_descriptor),
    ATTACK(trace), ATTACK(trace_own_child), ATTACK(read_memory), ATTACK(slow_down), ATTACK(pin_down), ATTACK(limit_other),
    ATTACK(compare_kernels), ATTACK(outlive), ATTACK(tcp), ATTACK(tcp6), ATTACK(udp), ATTACK(abstract_socket), ATTACK(named_socket),
    ATTACK(raw_socket), ATTACK(packet_socket), ATTACK(netlink_socket), ATTACK(crypto_socket), ATTACK(machine_socket),
    ATTACK(see_interfaces), ATTACK(listen_on_host), ATTACK(shared_memory), ATTACK(message_queue), ATTACK(semaphores), ATTACK(posix_queue),
    ATTACK(host_name), ATTACK(bpf), ATTACK(perf), ATTACK(user_faults), ATTACK(rings), ATTACK(keys), ATTACK(add_key), ATTACK(kernel_module),
    ATTACK(kernel_module_file), ATTACK(restart_machine), ATTACK(swap_file), ATTACK(accounting), ATTACK(quotas), ATTACK(set_clock),
    ATTACK(kernel_log), ATTACK(watch_files), ATTACK(segments), ATTACK(move_pages_of), ATTACK(fixed_addresses), ATTACK(secret_memory),
    ATTACK(give_file_away), ATTACK(become_somebody), ATTACK(become_a_group), ATTACK(raise_priority),
    ATTACK(real_time), ATTACK(lock_memory), ATTACK(low_port), ATTACK(set_user_id_program), ATTACK(left_descriptor), ATTACK(left_folder),
    ATTACK(many_descriptors), ATTACK(large_file), ATTACK(core_dump), ATTACK(many_processes), ATTACK(fill_tmp),
};

int main(int count, char** arguments) {
  for (size_t i = 0; count == 2 && i < sizeof attacks / sizeof *attacks; ++i) {
    if (strcmp(attacks[i].name, arguments[1]) != 0) continue;
    const int status = attacks[i].attack();
    /* Unconfined, these say that the kernel has no such thing at all. */
    if (status == REFUSED && (errno == ENOSYS || errno == EAFNOSUPPORT)) return NOT_HERE;
    if (status == REFUSED) fprintf(stderr, "%s\n", strerror(errno));
    return status;
  }
  for (size_t i = 0; i < sizeof attacks / sizeof *attacks; ++i) puts(attacks[i].name);
  return 98;
}
