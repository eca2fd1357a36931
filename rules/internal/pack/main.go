// Pack writes rules/builtin.packed: the built-in rules as they are after parsing, and the index that package detectors starts from. Run
// it with "go generate ./rules" after any change of the rules or of what reads and compiles them.
package main

import (
	"fmt"
	"os"

	"mudlark/detectors"
	"mudlark/rules"
)

func main() {
	data, err := pack()
	if err == nil {
		err = os.WriteFile("builtin.packed", data, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// pack returns what the file must hold.
func pack() ([]byte, error) {
	set, err := rules.ParseBuiltin(detectors.Vocabulary())
	if err != nil {
		return nil, err
	}
	index, err := detectors.Index(set)
	if err != nil {
		return nil, err
	}
	return rules.Pack(set, index)
}
