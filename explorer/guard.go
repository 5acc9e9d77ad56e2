package explorer

import (
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"
)

// Content security policies. The page runs its own scripts and no others, and
// talks to its own server; ECharts and pprof style elements in place. pprof's
// pages hold their scripts in place too, and talk to nobody.
const (
	pagePolicy  = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob:; connect-src 'self'; " + nowhere
	pprofPolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; " + nowhere
	filePolicy  = nowhere // a report brings a stricter one of its own
	nowhere     = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// guard lets through to next what is meant for this server.
func (x *Explorer) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-cache")
		if !x.knownHost(r.Host) {
			http.Error(w, "This server does not answer for the host "+clip(r.Host)+"; use its IP address.", http.StatusMisdirectedRequest)
			return
		}
		if fromElsewhere(r) {
			http.Error(w, "Pages of other sites may link here, and nothing else.", http.StatusForbidden)
			return
		}
		if len(r.URL.RawQuery) > maxQueryBytes {
			http.Error(w, "The query is too long.", http.StatusRequestURITooLong)
			return
		}
		if x.config.Token == "" {
			next.ServeHTTP(w, r)
			return
		}
		token, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if subtle.ConstantTimeCompare([]byte(token), []byte(x.config.Token)) != 1 {
			http.NotFound(w, r) // as for any path that is not there
			return
		}
		http.StripPrefix("/"+x.config.Token, next).ServeHTTP(w, r)
	})
}

// knownHost reports whether a Host header names this server. An attacker's page
// reaches a local server under a name of the attacker's (DNS rebinding), never
// under an IP address.
func (x *Explorer) knownHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	address, _, _ := strings.Cut(name, "%") // a zone
	return name == "localhost" || net.ParseIP(address) != nil || slices.ContainsFunc(x.config.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// fromElsewhere reports whether a page of another site made the request, other
// than by a link that somebody followed. Browsers say so; programs do not.
func fromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// clip shortens a text of a request for a message.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
