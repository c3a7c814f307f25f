package mediatest

import (
	"strconv"
	"strings"
)

// Text returns what is said in an English prompt, in lower case with numbers spelled out and without punctuation, or "" when it is not known here.
func Text(name string) string { return TextIn("en", name) }

// TextIn returns what is said in a prompt of a language, or "". For French and Spanish it knows numbers, days and months.
func TextIn(lang, name string) string {
	if rest, ok := strings.CutPrefix(name, "digits/"); ok {
		return digitText(lang, rest)
	}
	if lang != "en" {
		return ""
	}
	if rest, ok := strings.CutPrefix(name, "letters/"); ok && len(rest) == 1 && rest[0] >= 'a' && rest[0] <= 'z' {
		return rest
	}
	if rest, ok := strings.CutPrefix(name, "phonetic/"); ok {
		return phonetic[rest]
	}
	return sentences[name]
}

// TextlessPrompt tells whether a prompt holds no words: silences and signal tones.
func TextlessPrompt(name string) bool {
	return strings.HasPrefix(name, "silence/") || strings.Contains(name, "beep") || strings.Contains(name, "tone") ||
		name == "tt-monkeys" || strings.HasPrefix(name, "confbridge-join") || strings.HasPrefix(name, "confbridge-leave")
}

func digitText(lang, name string) string {
	w, ok := words[lang]
	if !ok {
		return ""
	}
	if rest, ok := strings.CutPrefix(name, "day-"); ok {
		return pick(w.days, rest)
	}
	if rest, ok := strings.CutPrefix(name, "mon-"); ok {
		return pick(w.months, rest)
	}
	return w.others[name]
}

func pick(list []string, index string) string {
	if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(list) {
		return list[i]
	}
	return ""
}

type vocabulary struct {
	days   []string // from Sunday, as the file names count
	months []string
	others map[string]string // file name under digits/ → words
}

var words = map[string]vocabulary{
	"en": {
		strings.Fields("sunday monday tuesday wednesday thursday friday saturday"),
		strings.Fields("january february march april may june july august september october november december"),
		pairs(`0 zero, 1 one, 2 two, 3 three, 4 four, 5 five, 6 six, 7 seven, 8 eight, 9 nine, 10 ten, 11 eleven, 12 twelve,
			13 thirteen, 14 fourteen, 15 fifteen, 16 sixteen, 17 seventeen, 18 eighteen, 19 nineteen, 20 twenty, 30 thirty, 40 forty,
			50 fifty, 60 sixty, 70 seventy, 80 eighty, 90 ninety, hundred hundred, thousand thousand, million million,
			h-1 first, h-2 second, h-3 third, h-4 fourth, h-5 fifth, h-6 sixth, h-7 seventh, h-8 eighth, h-9 ninth, h-10 tenth,
			h-11 eleventh, h-12 twelfth, h-13 thirteenth, h-14 fourteenth, h-15 fifteenth, h-16 sixteenth, h-17 seventeenth,
			h-18 eighteenth, h-19 nineteenth, h-20 twentieth, h-30 thirtieth, a-m a m, p-m p m, at at, dollars dollars, minus minus,
			oclock o'clock, oh oh, pound pound, star star, today today, tomorrow tomorrow, yesterday yesterday`),
	},
	"fr": {
		strings.Fields("dimanche lundi mardi mercredi jeudi vendredi samedi"),
		strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		pairs(`0 zéro, 1 un, 2 deux, 3 trois, 4 quatre, 5 cinq, 6 six, 7 sept, 8 huit, 9 neuf, 10 dix, 11 onze, 12 douze, 13 treize,
			14 quatorze, 15 quinze, 16 seize, 17 dix-sept, 18 dix-huit, 19 dix-neuf, 20 vingt, 30 trente, 40 quarante, 50 cinquante,
			60 soixante, 80 quatre-vingt, today aujourd'hui, tomorrow demain, yesterday hier`),
	},
	"es": {
		strings.Fields("domingo lunes martes miércoles jueves viernes sábado"),
		strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		pairs(`0 cero, 1 uno, 2 dos, 3 tres, 4 cuatro, 5 cinco, 6 seis, 7 siete, 8 ocho, 9 nueve, 10 diez, 11 once, 12 doce, 13 trece,
			14 catorce, 15 quince, 16 dieciséis, 17 diecisiete, 18 dieciocho, 19 diecinueve, 20 veinte, 30 treinta, 40 cuarenta,
			50 cincuenta, 60 sesenta, 70 setenta, 80 ochenta, 90 noventa, today hoy, tomorrow mañana, yesterday ayer`),
	},
}

// pairs reads "key words, key words".
func pairs(s string) map[string]string {
	m := map[string]string{}
	for entry := range strings.SplitSeq(s, ",") {
		if f := strings.Fields(entry); len(f) > 1 {
			m[f[0]] = strings.Join(f[1:], " ")
		}
	}
	return m
}

var phonetic = pairs(`a_p alpha, b_p bravo, c_p charlie, d_p delta, e_p echo, f_p foxtrot, g_p golf, h_p hotel, i_p india,
	j_p juliet, k_p kilo, l_p lima, m_p mike, n_p november, o_p oscar, p_p papa, q_p quebec, r_p romeo, s_p sierra, t_p tango,
	u_p uniform, v_p victor, w_p whiskey, x_p x-ray, y_p yankee, z_p zulu`)

// sentences is what can be heard in the recordings.
var sentences = map[string]string{
	"agent-loggedoff":      "agent logged off",
	"agent-loginok":        "agent logged in",
	"agent-pass":           "please enter your password followed by the pound key",
	"auth-thankyou":        "thank you",
	"conf-enteringno":      "you are entering conference number",
	"conf-errormenu":       "invalid choice",
	"conf-extended":        "the conference has been extended",
	"conf-getpin":          "please enter the conference pin number",
	"conf-hasjoin":         "is now in the conference",
	"conf-hasleft":         "has left the conference",
	"conf-kicked":          "you have been kicked from this conference",
	"conf-leaderhasleft":   "the leader has left the conference",
	"conf-locked":          "this conference is locked",
	"conf-lockednow":       "the conference is now locked",
	"conf-muted":           "you are now muted",
	"conf-onlyperson":      "you are currently the only person in this conference",
	"conf-unlockednow":     "the conference is now unlocked",
	"conf-unmuted":         "you are now unmuted",
	"conf-waitforleader":   "the conference will begin when the leader arrives",
	"demo-echodone":        "the echo test has been completed",
	"dir-nomatch":          "no directory entries match your search",
	"goodbye":              "goodbye",
	"hello":                "hello",
	"hello-world":          "hello world",
	"hours":                "hours",
	"minute":               "minute",
	"minutes":              "minutes",
	"one-moment-please":    "one moment please",
	"please-try-again":     "please try again",
	"priv-recordintro":     "at the tone please say your name",
	"privacy-incorrect":    "i'm sorry that number is not valid",
	"privacy-prompt":       "please enter your phone number starting with the area code",
	"queue-thankyou":       "thank you for your patience",
	"queue-youarenext":     "your call is now first in line and will be answered by the next available representative",
	"second":               "second",
	"seconds":              "seconds",
	"sorry":                "sorry",
	"transfer":             "please hold while i try that extension",
	"tt-somethingwrong":    "something is terribly wrong",
	"tt-weasels":           "weasels have eaten our phone system",
	"vm-advopts":           "press three for advanced options",
	"vm-deleted":           "message deleted",
	"vm-dialout":           "please wait while i connect your call",
	"vm-enter-num-to-call": "please enter the number you wish to call",
	"vm-goodbye":           "goodbye",
	"vm-incorrect":         "login incorrect",
	"vm-invalidpassword":   "that is not a valid password please try again",
	"vm-isonphone":         "is on the phone",
	"vm-isunavail":         "is unavailable",
	"vm-msgsaved":          "your message has been saved",
	"vm-nobodyavail":       "nobody is available to take your call at the moment",
	"vm-nomore":            "no more messages",
	"vm-passchanged":       "your passwords have been changed",
	"vm-pls-try-again":     "please try again",
	"vm-reachoper":         "press zero to reach an operator",
	"vm-repeat":            "press five to repeat the current message",
	"vm-savefolder":        "which folder should i save the message to",
	"vm-sorry":             "i'm sorry i did not understand your response",
	"vm-starmain":          "press star to return to the main menu",
	"vm-tooshort":          "your message is too short",
}
