//go:build unix && !linux

package remote

import "syscall"

// childAttributes are none: the program ends by itself when its pipes are closed.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
