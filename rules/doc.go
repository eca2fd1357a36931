// Package rules holds what Mudlark knows about kinds of secrets: the catalogue as TOML, the grammar in which a token's
// format is written, and the strict loader. It matches nothing itself; package detectors compiles rules into matchers.
package rules
