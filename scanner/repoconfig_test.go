package scanner

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// canary is a program that leaves a mark when it is run.
type canary struct{ program, mark string }

func newCanary(t testing.TB) canary {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the canary is a shell script")
	}
	dir := t.TempDir()
	c := canary{filepath.Join(dir, "canary.sh"), filepath.Join(dir, "executed")}
	if err := os.WriteFile(c.program, []byte("#!/bin/sh\n: >'"+c.mark+"'\necho harmless\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c canary) check(t testing.TB) {
	t.Helper()
	if _, err := os.Lstat(c.mark); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the scan ran a program that the repository names")
	}
}

// TestRepositoryConfigurationIsInert scans repositories whose configuration and attributes name programs, or would change what Git
// shows: the content must be found as it is and nothing may run.
func TestRepositoryConfigurationIsInert(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		attributes string
		config     []string // key, value, ...; CANARY stands for the program
		staged     bool
		worktree   bool
	}{
		{name: "no diff for the file", attributes: "*.env -diff\n"},
		{name: "binary attribute", attributes: "* binary\n"},
		{name: "exported otherwise", attributes: "* export-ignore export-subst\n"},
		{name: "working tree encoding", attributes: "*.env working-tree-encoding=UTF-16LE\n"},
		{name: "text conversion", attributes: "*.env diff=x\n", config: []string{"diff.x.textconv", "CANARY", "diff.x.cachetextconv", "true"}},
		{name: "external diff of an attribute", attributes: "*.env diff=x\n", config: []string{"diff.x.command", "CANARY"}},
		{name: "external diff", config: []string{"diff.external", "CANARY"}},
		{name: "external diff, staged", config: []string{"diff.external", "CANARY"}, staged: true},
		{name: "filters", attributes: "*.env filter=x\n", config: []string{"filter.x.clean", "CANARY", "filter.x.smudge", "CANARY", "filter.x.process", "CANARY", "filter.x.required", "true"}},
		{name: "filters, staged", attributes: "*.env filter=x\n", config: []string{"filter.x.clean", "CANARY", "filter.x.smudge", "CANARY"}, staged: true},
		{name: "filters, working tree", attributes: "*.env filter=x\n", config: []string{"filter.x.clean", "CANARY", "filter.x.process", "CANARY"}, worktree: true},
		{name: "file system monitor, staged", config: []string{"core.fsmonitor", "CANARY"}, staged: true},
		{name: "file system monitor, working tree", config: []string{"core.fsmonitor", "CANARY", "core.untrackedCache", "true"}, worktree: true},
		{name: "signatures", config: []string{"log.showSignature", "true", "gpg.program", "CANARY", "gpg.ssh.program", "CANARY"}},
		{name: "pager, editor, askpass, ssh", config: []string{"core.pager", "CANARY", "core.editor", "CANARY", "core.askPass", "CANARY", "core.sshCommand", "CANARY", "pager.log", "CANARY"}},
		{name: "credential helper and alias", config: []string{"credential.helper", "CANARY", "alias.log", "!CANARY"}},
		{name: "hooks elsewhere", config: []string{"core.hooksPath", "."}, staged: true},
		{name: "alternate refs command", config: []string{"core.alternateRefsCommand", "CANARY", "core.alternateRefsPrefixes", "refs/heads"}},
		{name: "merge driver", attributes: "* merge=x\n", config: []string{"merge.x.driver", "CANARY"}},
		{name: "diff settings", config: []string{"diff.noprefix", "true", "diff.mnemonicPrefix", "true", "diff.context", "0", "diff.ignoreSubmodules", "all", "diff.orderFile", "/nowhere", "diff.algorithm", "histogram", "diff.renames", "copies", "diff.wsErrorHighlight", "all", "color.ui", "always"}},
		{name: "log settings", config: []string{"log.showRoot", "false", "format.pretty", "oneline", "log.date", "relative", "log.abbrevCommit", "true", "log.follow", "true", "log.mailmap", "true", "i18n.logOutputEncoding", "UTF-16"}},
		{name: "case and symlinks", config: []string{"core.ignoreCase", "true", "core.symlinks", "false", "core.fileMode", "false", "core.quotePath", "true", "core.precomposeUnicode", "true"}},
		{name: "work tree elsewhere", config: []string{"core.excludesFile", "/nowhere", "core.attributesFile", "/nowhere", "status.showUntrackedFiles", "no"}},
		{name: "hidden refs", config: []string{"transfer.hideRefs", "refs/heads", "uploadpack.hideRefs", "refs", "log.excludeDecoration", "refs/*"}},
		{name: "includes", config: []string{"include.path", "/nowhere", "includeIf.gitdir:/.path", "/dev/zero"}},
		{name: "big file threshold and pack limits", config: []string{"core.bigFileThreshold", "1", "core.compression", "0", "pack.threads", "1"}},
		{name: "refs that replace", config: []string{"core.useReplaceRefs", "true", "core.commitGraph", "true"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			can := newCanary(t)
			r := newSandbox(t)
			r.base()
			if tt.attributes != "" {
				r.put(".gitattributes", tt.attributes)
			}
			c := ""
			if !tt.staged && !tt.worktree {
				c = r.put("p.env", key(1))
			}
			r.checkout()
			switch {
			case tt.staged:
				r.stage("p.env", key(1))
				r.opt.Staged = true
				r.expect(token(1), "", "p.env", 1, gone).source = sourceIndex
			case tt.worktree:
				r.write("p.env", key(1))
				r.opt.Worktree = true
				r.expect(token(1), "", "p.env", 1, gone).source = sourceWorktree
			default:
				r.expect(token(1), c, "p.env", 1, here)
			}
			for _, hook := range []string{"pre-commit", "post-checkout", "post-index-change", "fsmonitor-watchman", "reference-transaction", "pre-auto-gc", "sendemail-validate"} {
				writeFile(t, filepath.Join(r.path, ".git/hooks", hook), "#!/bin/sh\n"+can.program+"\n")
				if err := os.Chmod(filepath.Join(r.path, ".git/hooks", hook), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			var conf strings.Builder
			for i := 0; i < len(tt.config); i += 2 {
				section, name, _ := cutLast(tt.config[i])
				conf.WriteString(section + "\n\t" + name + " = \"" + strings.ReplaceAll(tt.config[i+1], "CANARY", can.program) + "\"\n")
			}
			r.appendConfig(conf.String())
			r.verify()
			can.check(t)
		})
	}
}

// cutLast turns "a.b.c" into the header [a "b"] and the name c.
func cutLast(key string) (header, name string, ok bool) {
	i := strings.LastIndexByte(key, '.')
	section, sub, has := strings.Cut(key[:i], ".")
	if has {
		return "[" + section + " \"" + sub + "\"]", key[i+1:], true
	}
	return "[" + section + "]", key[i+1:], true
}

func (r *sandbox) appendConfig(text string) {
	r.t.Helper()
	name := filepath.Join(r.path, ".git/config")
	old, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	writeFile(r.t, name, string(old)+text)
}

// A missing blob of a partial clone is not fetched: that would run what the configuration names.
func TestMissingBlobIsNotFetched(t *testing.T) {
	t.Parallel()
	can := newCanary(t)
	r := newSandbox(t)
	r.base()
	r.put("big.txt", doc(5, 10))
	c := r.put("a.env", key(1))
	r.damage(r.rev("HEAD:big.txt"), nil)
	r.appendConfig("[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tpartialClone = origin\n[remote \"origin\"]\n\turl = " + r.path +
		"\n\tuploadpack = " + can.program + "\n\tpromisor = true\n\tpartialclonefilter = blob:none\n")
	r.expect(token(1), c, "a.env", 1, here)
	r.skipped = []string{"missing"}
	r.verify()
	can.check(t)
}

// A signature that no key made is text like any other.
func TestSignedCommit(t *testing.T) {
	t.Parallel()
	can := newCanary(t)
	r := newSandbox(t)
	r.base()
	tree := r.tree("100644 a.env", r.blob(key(1)))
	c := r.object("commit", "tree "+tree+"\nauthor A <a@example.org> 1800000000 +0000\ncommitter C <c@example.org> 1800000000 +0000\n"+
		"gpgsig -----BEGIN PGP SIGNATURE-----\n \n iHUEABYKAB0WIQR\n =AbCd\n -----END PGP SIGNATURE-----\n\nsigned\n")
	r.at("refs/heads/main", c)
	r.appendConfig("[log]\n\tshowSignature = true\n[gpg]\n\tprogram = " + can.program + "\n")
	r.expect(token(1), c, "a.env", 1, here)
	r.verify()
	can.check(t)
}

// TestLargeConfig: a configuration that is too large is not applied, wherever it stands, and is named as what it is.
func TestLargeConfig(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	config := "[[allow]]\npaths = [\"**\"]\n" + strings.Repeat("#", maxRepositoryConfig)
	r.write(ConfigName, config)
	r.put(ConfigName, config)
	r.put("secret.env", token(1)+"\n")
	for _, revision := range []string{"", "HEAD"} {
		c := scanned(t, Options{Target: r.path, ConfigRevision: revision})
		skipped := c.coverage.Skipped
		if len(c.findings) != 1 || len(skipped) != 1 || skipped[0].What != ConfigName || !strings.Contains(skipped[0].Why, "too large and was not applied: more than 1048576 bytes") {
			t.Errorf("revision %q: %d findings, skipped %+v", revision, len(c.findings), skipped)
		}
	}
}
