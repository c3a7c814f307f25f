package python

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The worker says one byte, 'R', when it is ready. Then it reads one request, a length in four bytes (big-endian) and JSON, answers in the
// same way with the nonce of the request before the length, and ends. Whatever else comes is not an answer.

const (
	nonceSize = 16
	maxAnswer = MaxResult + 6*MaxPrinted + 64<<10 // bytes: printed text as JSON may take six bytes for one
)

// request is what a worker is asked.
type request struct {
	Kind   string          `json:"kind"` // run or check
	Nonce  string          `json:"nonce"`
	Name   string          `json:"name"`
	Code   string          `json:"code"`
	Params json.RawMessage `json:"params,omitempty"`
	Stdlib bool            `json:"stdlib"`
	Result int             `json:"max_result"`
	Print  int             `json:"max_printed"`
	Memory int64           `json:"memory"`
}

// answer is what it says.
type answer struct {
	Result   json.RawMessage `json:"result"`
	Failure  *Failure        `json:"failure"`
	Printed  string          `json:"printed"`
	Cut      bool            `json:"cut"`
	Findings []Finding       `json:"findings"`
}

// errForged is for bytes that are not the answer to our request.
var errForged = errors.New("what came over the result channel is not an answer")

func readAnswer(r io.Reader, nonce []byte) (a answer, err error) {
	var head [nonceSize + 4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return a, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	n := binary.BigEndian.Uint32(head[nonceSize:])
	if string(head[:nonceSize]) != string(nonce) || n > maxAnswer {
		return a, errForged
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return a, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%w: %w", errForged, err)
	}
	if a.Failure == nil && len(a.Result) == 0 {
		a.Result = json.RawMessage("null")
	}
	return a, nil
}
