// Command peer puts github.com/silenceper/wechat/v2 behind the line protocol of ../../README.md. The functions that are
// called take ciphertexts: what reads and writes XML, JSON and queries here is this program's.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/url"
	"os"
	"runtime/debug"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

type request struct {
	Op, Form, Token, Key, ID, Timestamp, Nonce string
	Query                                      *string
	Body, Text                                 []byte
	Count                                      int
}

type answer struct {
	Name      string `json:"name,omitempty"`
	Version   string `json:"version,omitempty"`
	Text      []byte `json:"text"`
	Encrypt   string `json:"encrypt,omitempty"`
	Signature string `json:"signature,omitempty"`
	Query     string `json:"query,omitempty"`
	NS        int64  `json:"ns,omitempty"`
	Refused   string `json:"refused,omitempty"`
	Error     string `json:"error,omitempty"`
}

type document struct {
	Encrypt      string
	MsgSignature string
	TimeStamp    json.Number
	Nonce        string
}

type signed struct{ signature, timestamp, nonce, encrypt string }

var errSignature = errors.New("signature")

func read(r *request) (signed, error) {
	var query url.Values
	if r.Query != nil {
		var err error
		if query, err = url.ParseQuery(*r.Query); err != nil {
			return signed{}, err
		}
	}
	if r.Body == nil {
		return signed{query.Get("msg_signature"), query.Get("timestamp"), query.Get("nonce"), query.Get("echostr")}, nil
	}
	var doc document
	parse := xml.Unmarshal
	if r.Body[0] == '{' {
		parse = json.Unmarshal
	}
	if err := parse(r.Body, &doc); err != nil {
		return signed{}, err
	}
	if query == nil {
		return signed{doc.MsgSignature, doc.TimeStamp.String(), doc.Nonce, doc.Encrypt}, nil
	}
	return signed{query.Get("msg_signature"), query.Get("timestamp"), query.Get("nonce"), doc.Encrypt}, nil
}

func open(r *request, s signed) ([]byte, error) {
	if util.Signature(r.Token, s.timestamp, s.nonce, s.encrypt) != s.signature {
		return nil, errSignature
	}
	_, text, err := util.DecryptMsg(r.ID, s.encrypt, r.Key)
	return text, err
}

func seal(r *request) (answer, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return answer{}, err
	}
	encrypt, err := util.EncryptMsg(random, r.Text, r.ID, r.Key)
	if err != nil {
		return answer{}, err
	}
	signature := util.Signature(r.Token, r.Timestamp, r.Nonce, string(encrypt))
	if r.Form == "ciphertext" {
		return answer{Encrypt: string(encrypt), Signature: signature}, nil
	}
	query := url.Values{}
	query.Set("msg_signature", signature)
	query.Set("timestamp", r.Timestamp)
	query.Set("nonce", r.Nonce)
	query.Set("echostr", string(encrypt))
	return answer{Query: query.Encode()}, nil
}

func bench(r *request) (answer, error) {
	s, err := read(r)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < r.Count/4; i++ {
		if _, err := open(r, s); err != nil {
			return answer{}, err
		}
	}
	start := time.Now()
	for i := 0; i < r.Count; i++ {
		if _, err := open(r, s); err != nil {
			return answer{}, err
		}
	}
	return answer{NS: time.Since(start).Nanoseconds()}, nil
}

func hello() answer {
	const path = "github.com/silenceper/wechat/v2"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == path {
				return answer{Name: path, Version: module.Version}
			}
		}
	}
	return answer{Name: path}
}

func handle(line []byte) (answer, error) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{}, err
	}
	switch r.Op {
	case "hello":
		return hello(), nil
	case "open":
		s, err := read(&r)
		if err != nil {
			return answer{}, err
		}
		text, err := open(&r, s)
		return answer{Text: text}, err
	case "seal":
		return seal(&r)
	case "bench":
		return bench(&r)
	}
	return answer{}, errors.New("no such operation")
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		result, err := handle(line)
		switch {
		case errors.Is(err, errSignature):
			result = answer{Refused: "signature"}
		case err != nil:
			result = answer{Error: err.Error()}
		}
		if err := out.Encode(result); err != nil {
			return
		}
	}
}
