package main

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"mudlark/detectors"
	"mudlark/rules"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mudlark": main})
}

// TestScripts runs testdata/script/*.txtar. Beside the commands of testscript there are:
//
//	mktoken NAME RULE FILE...  make up a token of a rule, put it in place of @NAME@ in the files and into $NAME;
//	                           RULE is the id of a built-in rule, or CONFIG:ID
//	sha1 NAME TOKEN            put the SHA-1 of $TOKEN into $NAME
//	put NAME FILE...           put $NAME in place of @NAME@ in the files
//	provider NAME KIND ...     start a server that plays a provider; see provider
//	openbao NAME               start an OpenBao server; see openBao
//	encode FROM TO             write a file in base64
//	lose REPO REV              delete an object, whose name goes into $OBJECT
//	commit REPO MESSAGE [DATE] commit all files of a folder, which becomes a repository if it is none
//	exits CODE ARG...          run mudlark, which must exit with the code
//	tidy FILE                  replace what varies in a report: object names, times, paths of the test
//	gitserver DIR [USER]       serve the repositories of a folder at $GITURL; see gitServer
//	ftpserver NAME             a file server; $NAME is the URL of a user there, see ftpServer
//	urlwith USER               $GITURL/shop.git with user and $GITPASSWORD goes into $WITHPASSWORD
//	lonely                     nothing but mudlark is in $PATH from here on
//	valid FILE                 a JSON or JSONL report must agree with docs/report.schema.json
//
// A script begins with what it shows. Its name is the flag or the subject.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		Setup:               setupScript,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"provider": provider, "ftpserver": ftpServer, "openbao": openBao,
			"mktoken": mktoken, "sha1": hash, "put": put, "encode": encode, "lose": lose,
			"commit": commit, "exits": exits, "tidy": tidy, "valid": valid, "gitserver": gitServer, "urlwith": urlWith, "lonely": lonely,
		},
	})
}

// setupScript gives a script a home of its own and a Git that reads no configuration but the repository's.
func setupScript(e *testscript.Env) error {
	for _, dir := range []string{"home", "tmp"} {
		if err := os.MkdirAll(filepath.Join(e.WorkDir, dir), 0o777); err != nil {
			return err
		}
	}
	home := filepath.Join(e.WorkDir, "home")
	e.Vars = append(e.Vars,
		"HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, "config"), "AppData="+filepath.Join(home, "config"), "TZ=UTC", "TERM=dumb",
		"EVIL=::\x1b]0;x\a\u202e.txt",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=Ann Lee", "GIT_AUTHOR_EMAIL=ann@example.org",
		"GIT_COMMITTER_NAME=Ann Lee", "GIT_COMMITTER_EMAIL=ann@example.org",
	)
	return nil
}

func mktoken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mktoken NAME RULE FILE...")
	}
	ts.Setenv(args[0], newToken(ts, args[0], args[1]))
	put(ts, false, append(args[:1:1], args[2:]...))
}

func hash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sha1 NAME TOKEN")
	}
	sum := sha1.Sum([]byte(ts.Getenv(args[1])))
	ts.Setenv(args[0], hex.EncodeToString(sum[:]))
}

func put(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: put NAME FILE...")
	}
	place := []byte("@" + args[0] + "@")
	for _, f := range args[1:] {
		data, err := os.ReadFile(ts.MkAbs(f))
		ts.Check(err)
		if !bytes.Contains(data, place) {
			ts.Fatalf("%s does not hold %s", f, place)
		}
		ts.Check(os.WriteFile(ts.MkAbs(f), bytes.ReplaceAll(data, place, []byte(ts.Getenv(args[0]))), 0o666))
	}
}

func encode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: encode FROM TO")
	}
	text := base64.StdEncoding.EncodeToString([]byte(ts.ReadFile(args[0])))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("data: "+text+"\n"), 0o666))
}

func lose(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lose REPO REV")
	}
	ts.Check(ts.Exec("git", "-C", args[0], "rev-parse", args[1]))
	id := strings.TrimSpace(ts.ReadFile("stdout"))
	ts.Setenv("OBJECT", id)
	ts.Check(os.Remove(filepath.Join(ts.MkAbs(args[0]), ".git", "objects", id[:2], id[2:])))
}

// newToken makes up a token that is the same for the same name.
func newToken(ts *testscript.TestScript, name, id string) string {
	all, err := rules.Builtin(detectors.Vocabulary())
	ts.Check(err)
	if config, own, ok := strings.Cut(id, ":"); ok {
		all, err = rules.ParseConfigRules(config, []byte(ts.ReadFile(config)), detectors.Vocabulary())
		ts.Check(err)
		id = own
	}
	seed := sha256.Sum256([]byte(name))
	rnd := rand.New(rand.NewChaCha8(seed))
	for _, r := range all {
		if r.ID == id {
			text, _ := detectors.Generate(rnd, r)
			return string(text)
		}
	}
	ts.Fatalf("there is no rule %s", id)
	return ""
}

func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: commit REPO MESSAGE [DATE]")
	}
	repo, date := args[0], "2024-03-02T10:00:00Z"
	if len(args) == 3 {
		date = args[2]
	}
	if _, err := os.Stat(filepath.Join(ts.MkAbs(repo), ".git")); err != nil {
		ts.Check(ts.Exec("git", "init", "-q", "-b", "main", repo))
	}
	ts.Setenv("GIT_AUTHOR_DATE", date)
	ts.Setenv("GIT_COMMITTER_DATE", date)
	ts.Check(ts.Exec("git", "-C", repo, "add", "-A"))
	ts.Check(ts.Exec("git", "-C", repo, "commit", "-q", "--allow-empty", "-m", args[1]))
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec("mudlark", args[1:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d; want %d", got, want)
	}
}

// varying is what differs from run to run, or when tokens and so object names do.
var varying = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "<object>"},
	{regexp.MustCompile(`((?:fingerprint|mudlark revoke) +)[0-9a-f]{32}`), "${1}<fingerprint>"},
	{regexp.MustCompile(`\b[0-9a-f]{10}\b`), "<commit>"},
	{regexp.MustCompile(`\d+\.\d s`), "0.0 s"},
	{regexp.MustCompile(`exposed for .* so far`), "exposed for <time> so far"},
}

func tidy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tidy FILE")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[0]), ts.Getenv("WORK"), "$WORK")
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.by)
	}
	if args[0] == "stdout" {
		_, err := fmt.Fprint(ts.Stdout(), text)
		ts.Check(err)
		return
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

func valid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: valid FILE")
	}
	text := []byte(ts.ReadFile(args[0]))
	s, err := reportSchema()
	ts.Check(err)
	docs := [][]byte{text}
	if bytes.HasPrefix(text, []byte(`{"type":`)) {
		docs = bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	}
	for _, d := range docs {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(d))
		ts.Check(err)
		if err := s.Validate(v); err != nil {
			ts.Fatalf("%v\n%s", err, d)
		}
	}
}

func reportSchema() (*jsonschema.Schema, error) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:mudlark:report:1", doc); err != nil {
		return nil, err
	}
	return c.Compile("urn:mudlark:report:1")
}
