package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// sourceFile returns the path of a file of the source by its path from the top.
func sourceFile(name string) string { return filepath.Join("..", "..", filepath.FromSlash(name)) }

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(sourceFile(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// needs skips a test that runs scripts where something is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("runs scripts of a Unix shell")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip(p + " is missing")
		}
	}
}

// TestRelease checks what the configuration of releases promises: platforms, static and reproducible binaries, and that everything that
// packages hold is there.
func TestRelease(t *testing.T) {
	needs(t, "sh")
	var c struct {
		Builds []struct {
			Env, Flags, Ldflags, Goos, Goarch []string
			ModTimestamp                      string `yaml:"mod_timestamp"`
		}
		Nfpms []struct {
			Formats  []string
			Contents []struct{ Src, Dst string }
		}
	}
	readYAML(t, ".goreleaser.yaml", &c)
	if len(c.Builds) != 1 || len(c.Nfpms) != 1 {
		t.Fatalf("%d builds, %d packages", len(c.Builds), len(c.Nfpms))
	}
	b := c.Builds[0]
	if !slices.Equal(b.Goos, []string{"linux", "darwin", "windows"}) || !slices.Equal(b.Goarch, []string{"amd64", "arm64"}) {
		t.Errorf("platforms: %v %v", b.Goos, b.Goarch)
	}
	if !slices.Contains(b.Env, "CGO_ENABLED=0") || !slices.Contains(b.Flags, "-trimpath") || !strings.Contains(b.ModTimestamp, "CommitTimestamp") {
		t.Errorf("not static and reproducible: %+v", b)
	}
	if !strings.Contains(strings.Join(b.Ldflags, " "), "-X main.linkedVersion=") {
		t.Errorf("no version: %v", b.Ldflags)
	}
	extras := t.TempDir()
	if out, err := exec.Command("sh", sourceFile("scripts/extras.sh"), extras, "mudlark").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, content := range c.Nfpms[0].Contents {
		file := sourceFile(content.Src)
		if rest, ok := strings.CutPrefix(content.Src, "build/extras/"); ok {
			file = filepath.Join(extras, rest)
		}
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			t.Errorf("%s is not made: %v", content.Src, err)
		}
	}
	if _, err := os.Stat(filepath.Join(extras, "man", "mudlark-git.1")); err != nil {
		t.Error(err)
	}
}

// TestInstall installs a release from a folder, and none whose checksum is another.
func TestInstall(t *testing.T) {
	needs(t, "sh", "curl", "tar")
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("there are no releases for this platform")
	}
	program, err := exec.LookPath("mudlark")
	if err != nil {
		t.Fatal(err)
	}
	downloads := t.TempDir()
	folder := filepath.Join(downloads, "v1.2.3")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("mudlark_1.2.3_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	packed := packProgram(t, program, filepath.Join(folder, name))
	install := func(sums string) (string, error) {
		if err := os.WriteFile(filepath.Join(folder, "checksums.txt"), []byte(sums), 0o666); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		cmd := exec.Command("sh", sourceFile("scripts/install.sh"), dir, "v1.2.3")
		cmd.Env = append(os.Environ(), "DOWNLOADS=file://"+downloads)
		out, err := cmd.CombinedOutput()
		if _, there := os.Stat(filepath.Join(dir, "mudlark")); (there == nil) != (err == nil) {
			t.Errorf("error %v, but the program: %v\n%s", err, there, out)
		}
		return string(out), err
	}
	if out, err := install(fmt.Sprintf("%x  %s\n", sha256.Sum256(packed), name)); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, sums := range []string{"", fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte("other")), name), fmt.Sprintf("%x  other_%s\n", sha256.Sum256(packed), name)} {
		if out, err := install(sums); err == nil || !strings.Contains(out, "nothing was installed") {
			t.Errorf("installed with checksums %q: %v\n%s", sums, err, out)
		}
	}
}

func packProgram(t *testing.T, program, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, step := range []func() error{
		func() error { return w.WriteHeader(&tar.Header{Name: "mudlark", Mode: 0o755, Size: int64(len(data))}) },
		func() error { _, err := w.Write(data); return err }, w.Close, z.Close,
		func() error { return os.WriteFile(file, []byte(b.String()), 0o666) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return []byte(b.String())
}

// TestAction runs the step of the GitHub action that scans, as a runner does, and makes sure that no input is pasted into a script.
func TestAction(t *testing.T) {
	needs(t, "bash", "git")
	var a struct {
		Inputs, Outputs map[string]struct{ Description string }
		Runs            struct {
			Using string
			Steps []struct {
				ID, Shell, Run string
				Env            map[string]string
			}
		}
	}
	readYAML(t, "action.yml", &a)
	for name, in := range a.Inputs {
		if in.Description == "" {
			t.Errorf("the input %s is not documented", name)
		}
	}
	scan := ""
	for _, s := range a.Runs.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("an expression is pasted into a script: %s", s.Run)
		}
		if s.Run != "" && s.Shell != "bash" {
			t.Errorf("a step without a shell: %s", s.Run)
		}
		if s.ID == "scan" {
			scan = s.Run
		}
	}
	repo, temp := docRepository(t), t.TempDir()
	program, err := exec.LookPath("mudlark")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(temp, "mudlark-bin"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(temp, "mudlark-bin", "mudlark")); err != nil {
		t.Fatal(err)
	}
	run := func(args string) (string, error) {
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scan) // as runners start it
		cmd.Dir = repo
		cmd.Env = append(os.Environ(), "RUNNER_TEMP="+temp, "ARGS="+args, "HOME="+temp)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, args := range []string{"--base v1.0", "--show-range --base v1.0", "--base v1.0   --min-severity high"} {
		if out, err := run(args); err != nil {
			t.Errorf("args %q: %v\n%s", args, err, out)
		}
	}
	if out, err := run("--no-such-flag $(touch pwned)"); err == nil || !strings.Contains(out, "no-such-flag") {
		t.Errorf("flags do not arrive: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(repo, "pwned")); err == nil {
		t.Error("an input was run")
	}
}

// TestGitLabTemplate checks that the template's scripts are right for a shell, and that the report is the one that ci writes.
func TestGitLabTemplate(t *testing.T) {
	needs(t, "sh")
	var c map[string]struct {
		Image        string
		Variables    map[string]string
		BeforeScript []string `yaml:"before_script"`
		Script       []string
		Artifacts    struct{ Reports map[string]string }
	}
	readYAML(t, "templates/gitlab-ci.yml", &c)
	job := c["mudlark"]
	if job.Variables["GIT_DEPTH"] != "0" {
		t.Error("the clone would be shallow")
	}
	if got := job.Artifacts.Reports["secret_detection"]; got != "gl-secret-detection-report.json" {
		t.Errorf("the report is %q", got)
	}
	if len(job.Script) == 0 || !strings.Contains(job.Script[0], "mudlark ci") {
		t.Errorf("script: %q", job.Script)
	}
	for _, line := range append(job.BeforeScript, job.Script...) {
		if out, err := exec.Command("sh", "-n", "-c", line).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// TestDockerfile checks that the image runs a command that exists, as a user that is not root.
func TestDockerfile(t *testing.T) {
	data, err := os.ReadFile(sourceFile("Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "distroless/static", ":nonroot", `ENTRYPOINT ["/usr/bin/mudlark"]`, `CMD ["git", "."]`} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile lacks %s", want)
		}
	}
	_, version, _ := strings.Cut(text, "FROM docker.io/library/golang:")
	version, _, _ = strings.Cut(version, " ")
	mod, err := os.ReadFile(sourceFile("go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "\ngo "+version+".") && !strings.Contains(string(mod), "\ngo "+version+"\n") {
		t.Errorf("the Dockerfile builds with Go %s, go.mod asks for another", version)
	}
}
