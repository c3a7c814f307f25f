package twilio

import (
	"encoding/xml"
	"net/http"
	"strings"
)

// The verbs that we use; see Twilio's TwiML. Their order within Response is that of the slice.
type response struct {
	XMLName xml.Name `xml:"Response"`
	Verbs   []any
}

type connect struct {
	XMLName xml.Name `xml:"Connect"`
	Stream  stream   `xml:"Stream"`
}

type stream struct {
	URL        string      `xml:"url,attr"`
	Parameters []parameter `xml:"Parameter"`
}

type parameter struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type reject struct {
	XMLName xml.Name `xml:"Reject"`
	Reason  string   `xml:"reason,attr,omitempty"`
}

type hangup struct {
	XMLName xml.Name `xml:"Hangup"`
}

type play struct {
	XMLName xml.Name `xml:"Play"`
	Digits  string   `xml:"digits,attr"`
}

type say struct {
	XMLName  xml.Name `xml:"Say"`
	Language string   `xml:"language,attr,omitempty"`
	Text     string   `xml:",chardata"`
}

type dial struct {
	XMLName        xml.Name `xml:"Dial"`
	Action         string   `xml:"action,attr"`
	AnswerOnBridge bool     `xml:"answerOnBridge,attr"`
	Timeout        int      `xml:"timeout,attr"`
	CallerID       string   `xml:"callerId,attr,omitempty"`
	Number         *target  `xml:"Number"`
	SIP            *target  `xml:"Sip"`
}

type target struct {
	URL            string `xml:"url,attr,omitempty"`
	StatusCallback string `xml:"statusCallback,attr"`
	Events         string `xml:"statusCallbackEvent,attr"`
	Address        string `xml:",chardata"`
}

// document writes TwiML.
func document(verbs ...any) string {
	raw, err := xml.Marshal(response{Verbs: verbs})
	if err != nil { // verbs are ours, and can be written
		return xml.Header + "<Response/>"
	}
	return xml.Header + string(raw)
}

// answer answers a webhook with TwiML.
func answer(w http.ResponseWriter, verbs ...any) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(document(verbs...))) // who asked may be gone
}

// clip keeps to what a verb takes.
func clip(text string, most int) string {
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}
