// Escapes in Go. `attacks_go NAME` tries one; see README.md.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const secret = "the canary sings"

func folder(name string) string { return filepath.Join(os.Getenv("CANARY_FOLDER"), name) }
func pid() int {
	number, _ := strconv.Atoi(os.Getenv("CANARY_PID"))
	return number
}
func sings(content []byte, err error) bool { return err == nil && bytes.Contains(content, []byte(secret)) }

var attacks = map[string]func() bool{
	"read_file": func() bool { return sings(os.ReadFile(folder("secret"))) },
	"list_folder": func() bool {
		entries, err := os.ReadDir(folder(""))
		return err == nil && len(entries) > 0
	},
	"write_file": func() bool {
		return os.WriteFile(folder("written"), []byte("x"), 0o644) == nil && os.Remove(folder("written")) == nil
	},
	"run_a_program": func() bool { return sings(exec.Command("/bin/cat", folder("secret")).Output()) },
	"run_foreign_program": func() bool {
		err := exec.Command(folder("program")).Run()
		code, is := err.(*exec.ExitError)
		return is && code.ExitCode() == 42
	},
	"namespaces_by_exec": func() bool {
		command := exec.Command("/bin/true")
		command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS}
		return command.Run() == nil
	},
	"stream": func() bool {
		connection, err := net.DialTimeout("tcp", "127.0.0.1:"+os.Getenv("CANARY_TCP"), 2*time.Second)
		if err != nil {
			return false
		}
		buffer := make([]byte, 256)
		count, err := connection.Read(buffer)
		return sings(buffer[:count], err)
	},
	"http": func() bool {
		client := http.Client{Timeout: 2 * time.Second}
		answer, err := client.Get("http://127.0.0.1:" + os.Getenv("CANARY_TCP") + "/")
		if err != nil {
			return false
		}
		return sings(io.ReadAll(answer.Body))
	},
	"abstract_socket": func() bool {
		connection, err := net.Dial("unix", "@"+os.Getenv("CANARY_ABSTRACT"))
		if err != nil {
			return false
		}
		buffer := make([]byte, 256)
		count, err := connection.Read(buffer)
		return sings(buffer[:count], err)
	},
	"end_another_process": func() bool { return syscall.Kill(pid(), 0) == nil },
	"read_environment":    func() bool { return sings(os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid()))) },
	"trace": func() bool {
		if syscall.PtraceAttach(pid()) != nil {
			return false
		}
		_, _ = syscall.Wait4(pid(), nil, 0, nil)
		return syscall.PtraceDetach(pid()) == nil
	},
	"mount": func() bool {
		if syscall.Mount("none", "/mnt", "tmpfs", 0, "") != nil {
			return false
		}
		return syscall.Unmount("/mnt", syscall.MNT_DETACH) == nil
	},
	"change_root":   func() bool { return syscall.Chroot("/tmp") == nil },
	"raw_socket": func() bool {
		_, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP)
		return err == nil
	},
}

func main() {
	if len(os.Args) == 2 {
		if attack, is := attacks[os.Args[1]]; is {
			if attack() {
				os.Exit(0)
			}
			os.Exit(10)
		}
	}
	for name := range attacks {
		fmt.Println(name)
	}
	os.Exit(98)
}
