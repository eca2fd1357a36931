package verify

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rabbitPassword is how RabbitMQ keeps a password (https://www.rabbitmq.com/docs/passwords#this-is-the-algorithm).
func rabbitPassword(password string) string {
	salt := []byte("salt")
	sum := sha256.Sum256(append(salt, password...))
	return base64.StdEncoding.EncodeToString(append(salt, sum[:]...))
}

// TestRabbitMQServer asks a real broker, by TLS and in clear text, before and after an account is deleted.
func TestRabbitMQServer(t *testing.T) {
	t.Parallel()
	program(t, "rabbitmq-server")
	epmd, env := program(t, "epmd"), program(t, "env")
	dir := serverDir(t)
	cert, key, roots := certificate(t, dir)
	port, secure, names, nodes := freePort(t), freePort(t), freePort(t), freePort(t)
	password, special := rand.Text(), "ä@:/?#%"+rand.Text()
	var users []map[string]any
	for name, p := range map[string]string{"ann": password, "bob": special, "guest": password} {
		users = append(users, map[string]any{"name": name, "password_hash": rabbitPassword(p), "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""})
	}
	definitions, err := json.Marshal(map[string]any{"users": users, "vhosts": []any{map[string]any{"name": "/"}}})
	if err != nil {
		t.Fatal(err)
	}
	writeServerFile(t, filepath.Join(dir, "definitions.json"), string(definitions))
	writeServerFile(t, filepath.Join(dir, "plugins"), "[].")
	writeServerFile(t, filepath.Join(dir, "rabbitmq.conf"), strings.Join([]string{
		"listeners.tcp.1 = 127.0.0.1:" + port, "listeners.ssl.1 = 127.0.0.1:" + secure, "load_definitions = " + filepath.Join(dir, "definitions.json"),
		"ssl_options.certfile = " + cert, "ssl_options.keyfile = " + key, "ssl_options.cacertfile = " + cert, ""}, "\n"))
	settings := []string{"ERL_EPMD_PORT=" + names, "ERL_EPMD_ADDRESS=127.0.0.1", "RABBITMQ_DIST_PORT=" + nodes, "RABBITMQ_NODENAME=mudlark@localhost",
		"RABBITMQ_MNESIA_BASE=" + dir, "RABBITMQ_LOG_BASE=" + dir, "RABBITMQ_CONFIG_FILE=" + filepath.Join(dir, "rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(dir, "plugins"), "RABBITMQ_CONF_ENV_FILE=" + filepath.Join(dir, "none"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}"}
	const programs = "/usr/lib/rabbitmq/bin/" // those in the path run in the account of the distribution
	serve(t, dir, names, epmd, "-port", names, "-address", "127.0.0.1")
	serve(t, dir, secure, env, append(settings, programs+"rabbitmq-server")...)
	control := func(args ...string) {
		t.Helper()
		run(t, dir, "", env, slices.Concat(settings, []string{programs + "rabbitmqctl", "-n", "mudlark@localhost"}, args)...)
	}
	control("await_startup", "--timeout", "180") // it listens before that

	o := onLoopback()
	o.rootCAs = roots
	ask := func(scheme, user, password string) Verdict {
		t.Helper()
		at := "127.0.0.1:" + port
		if scheme == "amqps" {
			at = "127.0.0.1:" + secure
		}
		return verdictOfLogin(t, o, "amqp", loginURL(scheme, user, password, at))
	}
	for _, scheme := range []string{"amqp", "amqps"} {
		v := ask(scheme, "ann", password)
		check(t, v, Active, "")
		if v.Identity["user"] != "ann" || !strings.HasPrefix(v.Identity["server_version"], "RabbitMQ 3") && !strings.HasPrefix(v.Identity["server_version"], "RabbitMQ 4") {
			t.Errorf("identity %q", v.Identity)
		}
		check(t, ask(scheme, "ann", rand.Text()), Inactive, "")
		check(t, ask(scheme, "bob", special), Active, "")
		check(t, ask(scheme, "nobodyelse", password), Inactive, "")
		check(t, ask(scheme, "guest", password), Active, "") // from loopback it may come
		check(t, ask(scheme, "guest", rand.Text()), Unknown, Unclear)
	}
	check(t, verdictOfLogin(t, onLoopback(), "amqp", loginURL("amqps", "ann", password, "127.0.0.1:"+secure)), Unknown, Untrusted) // unknown certificate
	o.AllowPlaintext = false
	check(t, ask("amqp", "ann", password), Skipped, ClearText)

	control("delete_user", "ann")
	check(t, ask("amqps", "ann", password), Inactive, "")
}
