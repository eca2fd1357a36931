package remote

import "syscall"

// childAttributes makes the kernel end the program when this process is gone, however it ended.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
