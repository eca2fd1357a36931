package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"mudlark/internal/loopback"
)

// holdVariable makes the test binary a process that makes a folder and waits.
const holdVariable = "MUDLARK_TEST_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(holdVariable) != "" {
		f, err := newFolder()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(f.dir)
		time.Sleep(time.Minute)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestLeftovers: the folder of a process that was killed is removed by the next one, that of a living one stays.
func TestLeftovers(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp)
	hold := func() (string, *exec.Cmd) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), holdVariable+"=1")
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		dir := strings.TrimSpace(line)
		if err := os.MkdirAll(filepath.Join(dir, "repo.git", "objects", "pack"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "repo.git", "objects", "pack", "p"), nil, 0o400); err != nil {
			t.Fatal(err)
		}
		return dir, cmd
	}
	dead, process := hold()
	living, _ := hold()
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
	young, other := filepath.Join(temp, folderPrefix+"young"), filepath.Join(temp, "other")
	for _, dir := range []string{young, other} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(temp, folderPrefix+"link")
	if err := os.Symlink(other, link); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	removeLeftovers()
	there := func(dir string) bool { _, err := os.Lstat(dir); return err == nil }
	if there(dead) {
		t.Error("the folder of a dead process is still there")
	}
	for _, dir := range []string{living, filepath.Join(living, "repo.git", "objects", "pack", "p"), young, other, link} {
		if !there(dir) && runtime.GOOS != "windows" {
			t.Errorf("%s was removed", dir)
		}
	}
	old := time.Now().Add(-2 * unlockedAge)
	if err := os.Chtimes(young, old, old); err != nil {
		t.Fatal(err)
	}
	removeLeftovers()
	if there(young) {
		t.Error("an old folder without a lock is still there")
	}
}

// TestSSH clones from an sshd of this test's own, on the loopback interface, by both ways.
func TestSSH(t *testing.T) {
	home, port := startSSHD(t)
	repo := filepath.Join(home, "shop.git")
	work := filepath.Join(home, "work")
	run(t, "git", "init", "-q", "-b", "main", work)
	run(t, "git", "-C", work, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "one")
	run(t, "git", "clone", "-q", "--bare", work, repo)
	run(t, "git", "-C", repo, "update-ref", "refs/pull/1/head", "main")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("SSH_KNOWN_HOSTS", filepath.Join(home, ".ssh", "known_hosts"))
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("GIT_SSH_COMMAND", "ssh -F none -i "+filepath.Join(home, ".ssh", "id_ed25519")+" -o UserKnownHostsFile="+filepath.Join(home, ".ssh", "known_hosts"))
	s, err := Parse(fmt.Sprintf("ssh://%s@127.0.0.1:%d%s", me.Username, port, filepath.ToSlash(repo)))
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range []bool{false, true} {
		c, err := Fetch(t.Context(), s, Options{Getenv: os.Getenv, Environ: os.Environ(), NoProgram: library})
		if err != nil {
			t.Fatalf("without the git program: %v: %v", library, err)
		}
		out := run(t, "git", "-C", c.Dir, "for-each-ref", "--format=%(refname)")
		if !strings.Contains(out, "refs/pull/1/head") || !strings.Contains(out, "refs/heads/main") {
			t.Errorf("without the git program: %v: refs %q", library, out)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ctx, s, Options{Getenv: os.Getenv, Environ: os.Environ()}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// startSSHD starts sshd for the user alone and returns a home folder with a key and the host's key, and the port.
func startSSHD(t *testing.T) (home string, port int) {
	program := ""
	for _, p := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/lib/ssh/sshd"} {
		if _, err := os.Stat(p); err == nil {
			program = p
		}
	}
	if _, err := exec.LookPath("ssh"); program == "" || err != nil {
		t.Skip("there is no sshd and ssh here (Debian: openssh-server)")
	}
	if os.Getuid() == 0 {
		_ = os.MkdirAll("/run/sshd", 0o755) // sshd of root wants it for its privilege separation
	}
	home = t.TempDir()
	ssh := filepath.Join(home, ".ssh")
	if err := os.Mkdir(ssh, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"id_ed25519", "host"} {
		run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(ssh, key))
	}
	free, err := loopback.Port()
	if err != nil {
		t.Fatal(err)
	}
	if port, err = strconv.Atoi(free); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %d\nHostKey %s/host\nAuthorizedKeysFile %s/id_ed25519.pub\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n", port, ssh, ssh)
	if err := os.WriteFile(filepath.Join(home, "sshd_config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-D", "-e", "-f", filepath.Join(home, "sshd_config"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	host, err := os.ReadFile(filepath.Join(ssh, "host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("[127.0.0.1]:%d %s", port, host)
	if err := os.WriteFile(filepath.Join(ssh, "known_hosts"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return home, port
		}
	}
	t.Fatal("sshd does not answer")
	return "", 0
}
