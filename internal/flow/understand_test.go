package flow

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
)

// utterances are first things that callers say, and what they want: the intent, and words of the answer.
var utterances = map[string][][3]string{
	"en": {
		{"What are your opening hours?", "hours", "nine to six"},
		{"when do you close", "hours", "six"},
		{"ARE YOU OPEN ON SUNDAY???", "hours", "closed"},
		{"could you tell me whether you're open on Saturday", "hours", "ten to four"},
		{"are you open tomorrow", "hours", "tomorrow"},
		{"until what time are you open on thursday", "hours", "eight in the evening"},
		{"are you open at 8 pm on friday", "hours", "no,"},
		{"are you open at half past nine on saturday", "hours", "no,"},
		{"are you open at 10:30 on Saturday", "hours", "yes,"},
		{"can i come on monday at three o'clock", "hours", "yes,"},
		{"are you open now", "hours", "now"},
		{"on the weekend?", "day", "saturday"},
		{"Tuesday", "day", "on tuesday"},
		{"uh, where are you located please", "address", "acacia"},
		{"how do i get there by car", "address", "acacia"},
		{"what's your phone number?", "phone", "0 1, 9 9"},
		{"do you have an e-mail address", "email", "dot example"},
		{"do you take credit cards", "payment", "card"},
		{"how much does it cost to repair a chair?", "price", "45"},
		{"whats the price for a new sofa cover", "price", "120"},
		{"do you deliver", "services", "30"},
		{"what do you do", "services", "restore"},
		{"I'd like to speak to a real person", "human", "message"},
		{"leave a message", "message", "name"},
		{"can someone call me back tomorrow", "callback", "name"},
		{"I need an appointment", "callback", "name"},
		{"sorry, what did you say?", "repeat", "help you"},
		{"please talk slower", "slower", "help you"},
		{"hold on a second", "wait", "listening"},
		{"help!", "help", "opening hours"},
		{"what can you do", "help", "opening hours"},
		{"Hi there", "hello", "hello"},
		{"Good morning, how are you?", "how_are_you", "very well"},
		{"are you a robot?", "robot", "automatic"},
		{"you're a stupid machine", "insult", "sorry"},
		{"where is my order", "order", "message"},
		{"do you speak French", "language", "english"},
		{"tell me a joke", "joke", "chair"},
		{"what time is it?", "time", "11 am on wednesday"},
		{"thanks a lot", "thanks", "welcome"},
		{"ok bye bye", "goodbye", "goodbye"},
		{"thank you very much, goodbye", "goodbye", "goodbye"},
		{"what are your hours and where are you", "hours+address", "acacia"},
		{"1", "hours", "nine to six"},
		{"2", "address", "acacia"},
		{"zero", "human", "message"},
		{"five pm", "day", "yes, today"},
		{"is it possible to visit you on Saturday afternoon", "hours", "ten to four"},
		{"are you open on christmas day", "holidays", "public holidays"},
		{"how long does it take", "duration", "a week"},
		{"can you hear me", "hearing", "hear you"},
		{"my name is John", "introduce", "nice to meet you"},
		{"is there a bus stop nearby", "address", "acacia"},
		{"what is Maison Baobab?", "services", "restore"},
		{"555 0199", "message", "your name"},
		{"uh huh", "noise", ""},
		{"the quick brown fox", "miss", "for example"},
	},
	"fr": {
		{"Quels sont vos horaires ?", "hours", "9 heures"},
		{"VOUS OUVREZ À QUELLE HEURE", "hours", "9 heures"},
		{"est-ce que c'est ouvert le dimanche", "hours", "fermés"},
		{"Vous êtes ouverts demain ?", "hours", "demain"},
		{"jusqu'à quelle heure êtes-vous ouverts jeudi", "hours", "20 heures"},
		{"êtes-vous ouverts samedi à 17h", "hours", "non,"},
		{"vous êtes ouvert à midi", "hours", "oui,"},
		{"mardi à dix heures et demie vous êtes ouverts ?", "hours", "oui,"},
		{"aujourd’hui", "day", "aujourd'hui"},
		{"après-demain", "day", "vendredi"},
		{"et le week-end ?", "day", "samedi"},
		{"où êtes-vous situés", "address", "acacias"},
		{"pouvez-vous me donner votre adresse svp", "address", "acacias"},
		{"quel est votre numéro de téléphone", "phone", "01 99"},
		{"c'est quoi votre adresse mail", "email", "arobase"},
		{"je peux payer par carte ?", "payment", "carte"},
		{"combien coûte une réparation de chaise", "price", "45"},
		{"c'est combien pour un fauteuil", "price", "120"},
		{"quels sont vos tarifs", "price", "45"},
		{"qu'est-ce que vous faites", "services", "meubles"},
		{"vous livrez ?", "services", "30"},
		{"j'aimerais parler à une vraie personne", "human", "message"},
		{"je voudrais laisser un message", "message", "nom"},
		{"pouvez-vous me rappeler demain matin", "callback", "nom"},
		{"je souhaite prendre rendez-vous", "callback", "nom"},
		{"pardon, je n'ai pas compris", "repeat", "vous aider"},
		{"vous pouvez répéter s'il vous plaît", "repeat", "vous aider"},
		{"parlez moins vite", "slower", "vous aider"},
		{"attendez un instant", "wait", "écoute"},
		{"que pouvez-vous faire ?", "help", "horaires"},
		{"Bonjour madame", "hello", "bonjour"},
		{"bonjour, comment allez-vous ?", "how_are_you", "très bien"},
		{"vous êtes un robot ?", "robot", "automatique"},
		{"t'es con ou quoi", "insult", "désolé"},
		{"où en est ma commande", "order", "message"},
		{"parlez-vous anglais", "language", "français"},
		{"quelle heure est-il ?", "time", "11 heures"},
		{"merci beaucoup", "thanks", "prie"},
		{"merci, au revoir", "goodbye", "au revoir"},
		{"vos horaires et votre adresse", "hours+address", "acacias"},
		{"1", "hours", "9 heures"},
		{"vous êtes ouverts à noël", "holidays", "fériés"},
		{"combien de temps ça prend", "duration", "semaine"},
		{"je voudrais savoir si vous êtes ouverts samedi après-midi", "hours", "10 heures"},
		{"je n'entends rien", "repeat", "vous aider"},
		{"est-ce que vous m'entendez", "hearing", "entends"},
		{"01 99 00 11 22", "message", "nom"},
		{"étoile", "menu", "tapez"},
		{"le chat boit du lait", "miss", "par exemple"},
	},
	"es": {
		{"¿Cuál es su horario?", "hours", "nueve"},
		{"¿A QUÉ HORA ABREN?", "hours", "nueve"},
		{"están abiertos el domingo", "hours", "cerrado"},
		{"¿abren mañana?", "hours", "mañana"},
		{"hasta qué hora abren el jueves", "hours", "ocho"},
		{"están abiertos el viernes a las ocho de la tarde", "hours", "no,"},
		{"puedo pasar el sábado a las once y media", "hours", "sí,"},
		{"están abiertos ahora", "hours", "ahora"},
		{"hoy", "day", "hoy"},
		{"pasado mañana", "day", "viernes"},
		{"¿y el fin de semana?", "day", "sábado"},
		{"¿dónde están?", "address", "acacias"},
		{"me puede dar su dirección por favor", "address", "acacias"},
		{"cuál es su número de teléfono", "phone", "0 1"},
		{"cuál es su correo electrónico", "email", "arroba"},
		{"aceptan tarjetas de crédito", "payment", "tarjeta"},
		{"¿cuánto cuesta reparar una silla?", "price", "45"},
		{"cuánto vale tapizar un sillón", "price", "120"},
		{"quiero saber los precios", "price", "45"},
		{"qué hacen ustedes", "services", "muebles"},
		{"hacen entregas", "services", "30"},
		{"quisiera hablar con una persona real", "human", "mensaje"},
		{"quiero dejar un mensaje", "message", "llama"},
		{"pueden llamarme mañana", "callback", "llama"},
		{"necesito pedir una cita", "callback", "llama"},
		{"¿puede repetir, por favor?", "repeat", "ayudarle"},
		{"no le he entendido", "repeat", "ayudarle"},
		{"hable más despacio", "slower", "ayudarle"},
		{"espere un momento", "wait", "escucho"},
		{"¿qué puede hacer?", "help", "horario"},
		{"Hola, buenos días", "hello", "hola"},
		{"hola, ¿cómo está?", "how_are_you", "muy bien"},
		{"¿eres un robot?", "robot", "automático"},
		{"qué idiota", "insult", "siento"},
		{"dónde está mi pedido", "order", "mensaje"},
		{"¿habla inglés?", "language", "español"},
		{"qué hora es", "time", "11 de la mañana"},
		{"muchas gracias", "thanks", "de nada"},
		{"gracias, hasta luego", "goodbye", "adiós"},
		{"su horario y su dirección", "hours+address", "acacias"},
		{"1", "hours", "nueve"},
		{"¿abren en navidad?", "holidays", "festivos"},
		{"cuánto tiempo tarda", "duration", "semana"},
		{"¿me oye?", "hearing", "oigo"},
		{"612 345 678", "message", "llama"},
		{"almohadilla", "menu", "pulse"},
		{"el perro come pan", "miss", "por ejemplo"},
	},
}

func TestFirstUtterances(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	for lang, list := range utterances {
		for _, u := range list {
			_, a, _ := replay(all[lang], wednesday(), user(u[0]))
			require.Equal(t, u[1], a.intent, "%s %q: %s", lang, u[0], a.text)
			require.Contains(t, strings.ToLower(a.text), u[2], "%s %q", lang, u[0])
		}
	}
}

func TestDigits(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	cases := map[string]map[string]string{
		"en": {
			"555-0199": "5550199", "five five five oh one double nine": "5550199", "triple five, zero one nine nine": "5550199",
			"it's twenty one forty two nine": "21429", "nineteen eighty four": "1984", "one hundred and one": "1001", "two hundred five": "205",
			"O one nine nine": "0199", "no digits here": "", "double": "", "double trouble five": "5", "(020) 7946 0000": "02079460000",
		},
		"fr": {
			"zéro six douze trente-quatre soixante-dix-huit quatre-vingt-dix-neuf": "0612347899", "06.12.34.56.78": "0612345678",
			"vingt et un": "21", "soixante et onze": "71", "soixante-dix": "70", "quatre-vingts": "80", "quatre-vingt-onze": "91",
			"quatre vingt dix sept": "97", "dix-huit": "18", "septante-deux": "72", "nonante neuf": "99", "double zéro": "00",
			"cent": "100", "deux cent trois": "203", "quatre": "4", "soixante trente": "6030", "quatre-vingt-vingt": "8020",
		},
		"es": {
			"seis uno dos treinta y cuatro cincuenta y seis siete ocho": "612345678", "veintidós": "22", "dieciséis": "16", "diez y seis": "16",
			"doble cero siete": "007", "ciento uno": "101", "noventa y nueve": "99", "cuarenta cinco": "405", "treinta y": "30",
			"612 34 56 78": "612345678",
		},
	}
	for lang, list := range cases {
		for said, want := range list {
			got, _ := all[lang].digits(tokens(said, all[lang].join))
			require.Equal(t, want, got, "%s %q", lang, said)
		}
	}
}

func TestTimesOfDay(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	cases := map[string]map[string]int{
		"en": {"at 9:30": 570, "at five": 1020, "at 7 p.m.": 1140, "at nine in the morning": 540, "9am": 540, "at noon": 720, "half past four": 990,
			"two o'clock": 840, "at 12 am": 0, "on monday": -1, "I have 3 chairs": -1, "at 99": -1},
		"fr": {"à 15h30": 930, "à 9 heures": 540, "à midi": 720, "quinze heures": 900, "à huit heures du soir": 1200, "à neuf heures et demie": 570, "lundi": -1},
		"es": {"a las tres y media de la tarde": 930, "a las nueve": 540, "a las 18 horas": 1080, "al mediodía": 720, "a la una": 780, "el lunes": -1},
	}
	for lang, list := range cases {
		for said, want := range list {
			got := all[lang].when(tokens(said, all[lang].join), wednesday())
			require.Equal(t, want, got.minute, "%s %q", lang, said)
		}
	}
}

func TestYesAndNo(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	cases := map[string]map[string]int{
		"en": {"yes": 1, "Yes, please!": 1, "yeah sure": 1, "that's right": 1, "no": -1, "no thank you": -1, "not really": -1, "that's wrong": -1, "okay": 1, "purple": 0,
			"no, that is correct": -1},
		"fr": {"oui": 1, "oui bien sûr": 1, "c'est ça": 1, "d'accord": 1, "non": -1, "non merci": -1, "pas du tout": -1, "mauve": 0},
		"es": {"sí": 1, "si": 1, "claro que sí": 1, "correcto": 1, "no": -1, "no, gracias": -1, "para nada": -1, "morado": 0},
	}
	for lang, list := range cases {
		for said, want := range list {
			require.Equal(t, want, all[lang].yesNo(tokens(said, all[lang].join)), "%s %q", lang, said)
		}
	}
}

func TestNames(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	cases := map[string]map[string]string{
		"en": {"my name is john smith": "John Smith", "John McDonald": "John McDonald", "It's O'Brien": "O'Brien", "this is mary jones calling": "Mary Jones",
			"John Smith and my number is 555": "John Smith", "five five": ""},
		"fr": {"je m'appelle awa diop": "Awa Diop", "c'est Zoé Müller à l'appareil": "Zoé Müller", "François": "François"},
		"es": {"me llamo juan pérez": "Juan Pérez", "soy Ana": "Ana", "mi nombre es maría del mar": "María Del Mar"},
	}
	for lang, list := range cases {
		for said, want := range list {
			require.Equal(t, want, all[lang].name(tokens(said, all[lang].join)), "%s %q", lang, said)
		}
	}
}

func TestSentencesJoinToTheAnswer(t *testing.T) {
	for _, s := range []string{"", "One.", "One. Two? Three! Four", "At 9.30 sharp. Yes.", "Ends with a space. "} {
		require.Equal(t, s, strings.Join(sentences(s), ""))
	}
	require.Equal(t, []string{"One. ", "Two."}, sentences("One. Two."))
}

func TestOtherRolesAreNotRead(t *testing.T) {
	m := open(t, "en", nil)
	want, _ := ask(t, m, user("leave a message", "john"))
	got, _ := ask(t, m, []llm.Message{
		{Role: llm.System, Text: "goodbye"},
		{Role: llm.Assistant, Text: "cut off in the mid"},
		{Role: llm.User, Text: "leave a message"},
		{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "1", Name: "x", Arguments: "{}"}}},
		{Role: llm.ToolRole, CallID: "1", Text: "cancel"},
		{Role: llm.User, Text: "john"},
	})
	require.Equal(t, want, got)
}
