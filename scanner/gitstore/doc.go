// Package gitstore reads a Git repository: its layout, configuration, refs, index and object database. It never writes,
// starts no program and obeys no setting beyond those that say how the repository is stored (extensions, commondir,
// alternates, core.bare, worktrees). It knows no secrets.
package gitstore
