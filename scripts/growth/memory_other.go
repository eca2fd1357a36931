//go:build !linux

package main

import (
	"errors"
	"os"
)

func residentSet(*os.ProcessState) (float64, error) {
	return 0, errors.New("memory is measured on Linux only")
}
