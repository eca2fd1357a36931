package hooks

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Lefthook makes its hooks anew whenever its configuration changes, so the only place that lasts is that configuration. Mudlark's part is a
// script: lefthook passes over commands where it sees no file that was added or changed (a tag, a file that became a link), and runs
// scripts always.

// usesLefthook reports whether lefthook made the hook.
func usesLefthook(p *Place, content []byte) bool {
	return p.Top != "" && bytes.Contains(content, []byte("call_lefthook")) && bytes.Contains(content, []byte("$LEFTHOOK"))
}

// lefthookIn reports whether lefthook made any of the hooks at p.
func lefthookIn(p *Place) bool {
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if content, err := readHook(filepath.Join(p.Dir, e.Name())); err == nil && usesLefthook(p, content) {
			return true
		}
	}
	return false
}

// lefthookLocal is the part of lefthook's configuration that is the user's own, and lefthookScript how Mudlark's script is called there.
const (
	lefthookLocal  = "lefthook-local.yml"
	lefthookScript = "mudlark"
)

// movedSuffix is what lefthook appends to the name of a hook that it moves out of its way.
const movedSuffix = ".old"

// withLefthook adds Mudlark to the user's own part of lefthook's configuration.
func withLefthook(p *Place, name string, c command) ([]Change, error) {
	entry := lefthookEntry(name)
	file := filepath.Join(p.Top, lefthookLocal)
	scripts, err := lefthookScripts(p)
	if err != nil {
		return nil, err
	}
	script := filepath.Join(scripts, name, lefthookScript)
	if err := writeLefthookScript(script, c.ownFile(name)); err != nil {
		return nil, err
	}
	for _, other := range lefthookFiles("lefthook-local") {
		if _, err := os.Lstat(filepath.Join(p.Top, other)); err == nil && other != lefthookLocal {
			return nil, byHand(filepath.Join(p.Top, other), entry)
		}
	}
	done := Change{Hook: name, File: file}
	content, err := readHook(file)
	if err != nil {
		return nil, err
	}
	rest, had, err := withoutLefthook(content, name)
	switch {
	case err != nil:
		return nil, errorf("edit "+file, "%s: %s", file, err)
	case hasKey(rest, name):
		return nil, byHand(file, entry)
	case content == nil:
		done.What = "made, for lefthook; keep it and " + strings.TrimPrefix(filepath.ToSlash(scripts), filepath.ToSlash(p.Top)+"/") + " out of Git"
	case had:
		done.What = "already there, refreshed"
	default:
		done.What = "added, for lefthook"
	}
	if len(rest) > 0 && rest[len(rest)-1] != '\n' {
		return []Change{done}, writeHook(file, append([]byte(entry), rest...), 0o644) // so that it ends as it did
	}
	return []Change{done}, writeHook(file, append(bytes.Clone(rest), entry...), 0o644)
}

// writeLefthookScript writes the script that lefthook is to run.
func writeLefthookScript(file, text string) error {
	content, err := readHook(file)
	switch {
	case err != nil:
		return err
	case content != nil && !isOwn(content):
		return errorf("remove it, or call it otherwise", "%s is there and is not Mudlark's", file)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return errorf("may you write there?", "%s: %s", filepath.Dir(file), cause(err))
	}
	return writeHook(file, []byte(text), 0o755)
}

// lefthookFiles returns the names that a part of lefthook's configuration may have (lefthook.dev, "Config file name").
func lefthookFiles(base string) (names []string) {
	for _, prefix := range []string{"", ".", ".config/"} {
		for _, ext := range []string{"yml", "yaml", "toml", "json", "jsonc"} {
			names = append(names, prefix+base+"."+ext)
		}
	}
	return names
}

// lefthookScripts returns the folder of the user's own scripts: .lefthook-local, or what source_dir_local says (lefthook.dev).
func lefthookScripts(p *Place) (string, error) {
	const key = "source_dir_local"
	for _, base := range []string{"lefthook-local", "lefthook"} {
		for _, name := range lefthookFiles(base) {
			file := filepath.Join(p.Top, filepath.FromSlash(name))
			content, err := readHook(file)
			if err != nil {
				return "", err
			}
			at := lineWith(content, key+":")
			switch {
			case !bytes.Contains(content, []byte(key)):
				continue
			case at < 0:
				return "", errorf("write it as one line of YAML, "+key+": FOLDER", "%s has a %s that is not understood", file, key)
			}
			line, _, _ := bytes.Cut(content[at+len(key)+1:], []byte("\n"))
			value, _, _ := strings.Cut(string(line), " #")
			dir := filepath.FromSlash(strings.Trim(strings.TrimSpace(value), `"'`))
			if !filepath.IsLocal(dir) {
				return "", errorf("name a folder of the repository", "%s has a %s that is not understood", file, key)
			}
			return filepath.Join(p.Top, dir), nil
		}
	}
	return filepath.Join(p.Top, ".lefthook-local"), nil
}

// byHand is the error for a file that is not Mudlark's to edit.
func byHand(file, entry string) error {
	err := errorf("add this to it", "%s has settings of this hook already, and was left as it is", file)
	err.Lines = strings.TrimRight(entry, "\n")
	return err
}

func lefthookBegin(name string) string { return blockBegin + " " + name }

// lefthookEntry is what lefthook is to run, as YAML.
func lefthookEntry(name string) string {
	input := ""
	if readsInput(name) {
		input = "      use_stdin: true\n"
	}
	return fmt.Sprintf("%s\n%s:\n  scripts:\n    %s:\n      runner: sh\n%s%s\n", lefthookBegin(name), name, lefthookScript, input, blockEnd)
}

// takeOutLefthook removes a hook's script and entry, and says what was done, "" for nothing.
func takeOutLefthook(p *Place, name string) (string, error) {
	scripts, err := lefthookScripts(p)
	if err != nil {
		scripts = filepath.Join(p.Top, ".lefthook-local") // one that is elsewhere does nothing without its entry
	}
	done, err := takeOut(filepath.Join(scripts, name, lefthookScript))
	if err != nil {
		return "", err
	}
	_ = os.Remove(filepath.Join(scripts, name)) // only if they are empty
	_ = os.Remove(scripts)
	file := filepath.Join(p.Top, lefthookLocal)
	content, err := readHook(file)
	if err != nil || content == nil {
		return done, err
	}
	rest, had, err := withoutLefthook(content, name)
	switch {
	case err != nil:
		return "", errorf("edit "+file, "%s: %s", file, err)
	case !had:
		return done, nil
	case len(bytes.TrimSpace(rest)) == 0:
		return "removed", os.Remove(file)
	}
	return "taken out of it", writeHook(file, rest, 0o644)
}

// withoutLefthook takes a hook's entry out.
func withoutLefthook(content []byte, name string) (rest []byte, found bool, err error) {
	start := lineWith(content, lefthookBegin(name)+"\n")
	if start < 0 {
		return content, false, nil
	}
	rest, found, err = withoutBlock(content[start:])
	return append(bytes.Clone(content[:start]), rest...), found, err
}

// hasKey reports whether YAML has a key at its top level.
func hasKey(yaml []byte, key string) bool {
	for line := range bytes.Lines(yaml) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if ok && strings.Trim(string(name), `"' `) == key && !bytes.HasPrefix(line, []byte(" ")) {
			return true
		}
	}
	return false
}
