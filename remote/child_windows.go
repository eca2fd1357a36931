package remote

import "os/exec"

// tie does nothing: the program ends by itself when its pipes are closed.
func tie(*exec.Cmd, bool) {}
