//go:build unix

package remote

import (
	"os/exec"
	"syscall"
)

// tie makes a program end with this process, and with its context: it and the programs that it has started, as git has for each protocol. Where
// somebody may be asked for a password it stays in the group of processes that may read from the terminal, and ends alone.
func tie(cmd *exec.Cmd, interactive bool) {
	cmd.SysProcAttr = childAttributes()
	if interactive {
		return
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
