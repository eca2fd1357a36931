// Package hooks puts Mudlark into the Git hooks of a repository, or of all repositories of a user, and takes it out again. It adds to
// hooks that are there, of the user's own or of a hook manager (husky, lefthook, pre-commit), and never replaces them.
//
// It also reads what Git tells a hook: the lines of a push, and which server a push goes to. It knows hook files; it knows no secrets and
// starts no scan.
package hooks

// The hooks that Mudlark serves.
const (
	PreCommit      = "pre-commit"
	PreMergeCommit = "pre-merge-commit"
	PrePush        = "pre-push"
	PreReceive     = "pre-receive"
	Update         = "update"
)

// Names lists the hooks that Mudlark serves.
func Names() []string { return []string{PreCommit, PreMergeCommit, PrePush, PreReceive, Update} }

// readsInput reports whether Git gives the hook lines on standard input (githooks).
func readsInput(name string) bool { return name == PrePush || name == PreReceive }
