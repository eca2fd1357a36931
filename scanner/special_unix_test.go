//go:build unix

package scanner

import "syscall"

func makeFIFO(name string) error { return syscall.Mkfifo(name, 0o644) }
