package turn

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVerdictOfWords(t *testing.T) {
	for _, c := range []struct {
		lang, text string
		want       verdict
	}{
		{"en", "", unknown}, {"en", " ... ", unknown},
		{"en", "I would like to book a table and", unfinished}, {"en", "because", unfinished}, {"en", "I want", unfinished},
		{"en", "my name is", unfinished}, {"en", "I'd like to change the", unfinished}, {"en", "can you", unfinished}, {"en", "I live in", unfinished},
		{"en", "On Tuesday,", unfinished}, {"en", "I was thinking…", unfinished}, {"en", "it depends on whether", unfinished},
		{"en", "I would like um", hesitant}, {"en", "uh", hesitant}, {"en", "I'm calling about, you know", hesitant},
		{"en", "where are you from", likely}, {"en", "I think so", complete}, {"en", "yes it is", likely}, {"en", "that's what it is for", unfinished},
		{"en", "what are your opening hours", complete}, {"en", "Can I bring my dog?", complete}, {"en", "do you have rooms", complete},
		{"en", "cancel my order please", complete}, {"en", "thank you", complete}, {"en", "goodbye", complete}, {"en", "yes", likely}, {"en", "no thanks", complete},
		{"en", "I would like to cancel my order", likely}, {"en", "I lost my card.", complete}, {"en", "Tuesday.", likely}, {"en", "the blue one", fragment},
		{"en", "my number is four five six", reciting}, {"en", "it starts with a b c", reciting},
		{"fr", "je voudrais réserver une table et", unfinished}, {"fr", "parce que", unfinished}, {"fr", "je voudrais", unfinished},
		{"fr", "je m'appelle", unfinished}, {"fr", "c'est pour", unfinished}, {"fr", "est-ce que vous avez", unfinished}, {"fr", "j'habite dans le", unfinished},
		{"fr", "je voulais savoir si", unfinished}, {"fr", "pour mardi,", unfinished}, {"fr", "c'est à cause de", unfinished},
		{"fr", "je cherche euh", hesitant}, {"fr", "euh", hesitant}, {"fr", "ben alors", hesitant},
		{"fr", "quels sont vos horaires d'ouverture", complete}, {"fr", "Vous êtes ouverts dimanche ?", complete}, {"fr", "annulez ma commande s'il vous plaît", complete},
		{"fr", "merci", complete}, {"fr", "au revoir", complete}, {"fr", "c'est tout", complete}, {"fr", "oui", likely}, {"fr", "moi aussi", fragment},
		{"fr", "je voudrais annuler ma commande", likely}, {"fr", "J’ai perdu ma carte.", complete}, {"fr", "la bleue", fragment}, {"fr", "zéro six douze trente-quatre", reciting},
		{"es", "quiero reservar una mesa y", unfinished}, {"es", "porque", unfinished}, {"es", "quisiera", unfinished}, {"es", "es para", unfinished},
		{"es", "me llamo", unfinished}, {"es", "vivo en la", unfinished}, {"es", "quería saber si", unfinished}, {"es", "el martes,", unfinished},
		{"es", "busco este", hesitant}, {"es", "eh", hesitant}, {"es", "pues", hesitant},
		{"es", "¿a qué hora abren?", complete}, {"es", "qué horario tienen mañana", complete}, {"es", "cancele mi pedido por favor", complete}, {"es", "gracias", complete},
		{"es", "adiós", complete}, {"es", "eso es todo", complete}, {"es", "sí", likely}, {"es", "si", likely}, {"es", "creo que sí", complete},
		{"es", "quiero cancelar mi pedido", likely}, {"es", "He perdido la tarjeta.", complete}, {"es", "la azul", fragment}, {"es", "seis doce treinta y cuatro", reciting},
		{"de", "ich möchte", fragment}, {"de", "Haben Sie auf?", complete},
	} {
		assert.Equal(t, c.want, readerOf(c.lang).verdict(c.text), "%s: %q", c.lang, c.text)
	}
}

func TestVerdictOfAnswers(t *testing.T) {
	for _, c := range []struct {
		lang string
		kind Kind
		text string
		want verdict
	}{
		{"en", KindYesNo, "yes", complete}, {"en", KindYesNo, "yes but", unfinished}, {"fr", KindYesNo, "oui", complete}, {"es", KindYesNo, "claro que sí", complete},
		{"fr-FR", KindPhone, "zéro six", awaited}, {"fr-FR", KindPhone, "zéro six douze trente-quatre cinquante-six", awaited},
		{"fr-FR", KindPhone, "zéro six douze trente-quatre cinquante-six soixante-dix-huit", complete}, {"fr-FR", KindPhone, "06 12 34 56 78", complete},
		{"fr-FR", KindPhone, "0612345678", complete}, {"fr-FR", KindPhone, "+33 6 12 34 56", awaited}, {"fr-FR", KindPhone, "+33 6 12 34 56 78", complete},
		{"fr-FR", KindPhone, "zéro un quatre-vingt-dix-neuf quatre-vingt-un soixante et onze", awaited},
		{"fr-FR", KindPhone, "zéro un quatre-vingt-dix-neuf quatre-vingt-un soixante et onze deux cents", complete},
		{"fr-FR", KindPhone, "mon numéro c'est le", unfinished}, {"fr-FR", KindPhone, "c'est le zéro six euh", awaited},
		{"es-ES", KindPhone, "seis doce", awaited}, {"es-ES", KindPhone, "seis doce treinta y cuatro cincuenta y seis setenta y ocho", complete},
		{"es-ES", KindPhone, "seiscientos doce trescientos cuarenta y cinco seiscientos setenta", complete}, {"es-MX", KindPhone, "612345678", awaited},
		{"en-US", KindPhone, "five five five oh one", awaited}, {"en-US", KindPhone, "five five five oh one two three four five six", complete},
		{"en-US", KindPhone, "one five five five oh one two three four five", awaited}, {"en-US", KindPhone, "double five five oh one two three four five six", complete},
		{"en-US", KindPhone, "five fifty five", awaited}, {"de-DE", KindPhone, "0 3 0 1 2 3", awaited}, {"de-DE", KindPhone, "0 3 0 1 2 3 4", fragment},
		{"en", KindEmail, "john dot smith", awaited}, {"en", KindEmail, "john dot smith at gmail", awaited}, {"en", KindEmail, "john dot smith at gmail dot com", complete},
		{"en", KindEmail, "john@example.com", complete}, {"en", KindEmail, "john smith", awaited}, {"en", KindEmail, "I don't have an email.", complete},
		{"fr", KindEmail, "marie point dupont arobase", awaited}, {"fr", KindEmail, "marie arobase orange point fr", complete},
		{"es", KindEmail, "ana arroba correo punto", awaited}, {"es", KindEmail, "ana arroba correo punto es", complete},
		{"en", KindDate, "the fifth", unfinished}, {"en", KindDate, "the fifth of", unfinished}, {"en", KindDate, "the fifth of March", complete}, {"en", KindDate, "next Tuesday", complete},
		{"en", KindDate, "Tuesday or", unfinished}, {"en", KindDate, "in March", unfinished}, {"en", KindDate, "at three", complete}, {"en", KindDate, "half past two", complete},
		{"fr", KindDate, "le douze", unfinished}, {"fr", KindDate, "le douze mai", complete}, {"fr", KindDate, "demain", complete}, {"fr", KindDate, "12/05", complete},
		{"fr", KindDate, "vers huit heures", complete}, {"es", KindDate, "el cinco", unfinished}, {"es", KindDate, "el cinco de", unfinished}, {"es", KindDate, "el cinco de mayo", complete},
		{"es", KindDate, "a las tres", complete}, {"es", KindDate, "el lunes", complete},
		{"en", KindAmount, "twenty", fragment}, {"en", KindAmount, "twenty dollars", complete}, {"fr", KindAmount, "cent euros", complete}, {"es", KindAmount, "50 €", complete},
		{"en", KindNumber, "four", complete}, {"fr", KindNumber, "nous serons quatre", complete}, {"es", KindNumber, "para dos", complete},
		{"en", KindReference, "a b", awaited}, {"en", KindReference, "a b four seven two", unfinished}, {"en", KindReference, "alpha bravo four", awaited},
		{"en", KindName, "john", fragment}, {"en", KindName, "my name is", unfinished}, {"en", KindName, "my name is John Smith", complete}, {"fr", KindName, "je m'appelle Marie Dupont", complete},
		{"es", KindName, "me llamo Ana García", complete}, {"en", KindName, "s m i", unfinished},
	} {
		r := readerOf(c.lang)
		r.asked = Asked{Kind: c.kind}
		assert.Equal(t, c.want, r.verdict(c.text), "%s, %s: %q", c.lang, c.kind, c.text)
	}
	r := readerOf("en")
	r.asked = Asked{Kind: KindReference, Length: 5}
	assert.Equal(t, awaited, r.verdict("a b four seven"))
	assert.Equal(t, complete, r.verdict("a b four seven two"))
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ lang, text, want string }{
		{"en", "twenty one", "21"}, {"en", "oh six", "0 6"}, {"en", "twenty twenty", "20 20"}, {"en", "one hundred and five", "105"}, {"en", "nineteen eighty four", "19 84"},
		{"en", "two thousand twenty five", "2025"}, {"en", "triple seven", "7 7 7"}, {"en", "room 12 and 5th", "12 5"}, {"en", "twenty first", "21"},
		{"fr", "soixante-dix-huit", "78"}, {"fr", "quatre-vingt-dix-neuf", "99"}, {"fr", "quatre-vingts", "80"}, {"fr", "vingt et un", "21"}, {"fr", "dix-sept", "17"},
		{"fr", "cent vingt-trois", "123"}, {"fr", "deux cents", "200"}, {"fr", "zéro six douze", "0 6 12"}, {"fr", "soixante et onze", "71"}, {"fr", "dix deux", "10 2"},
		{"fr", "quatre quatre", "4 4"}, {"fr", "deux mille vingt-cinq", "2025"}, {"fr", "septante-deux", "72"}, {"fr", "soixante quinze", "75"}, {"fr", "cinquante sept", "57"},
		{"es", "treinta y cuatro", "34"}, {"es", "seiscientos doce", "612"}, {"es", "veintitrés y cinco", "23 5"}, {"es", "mil novecientos ochenta y cuatro", "1984"},
	} {
		v := vocabularyOf(c.lang)
		got := ""
		for _, g := range v.groups(wordsOf(c.text)) {
			got = joined(got, g.digits)
		}
		assert.Equal(t, c.want, got, "%s: %s", c.lang, c.text)
	}
}

func TestKindOfQuestion(t *testing.T) {
	for _, c := range []struct {
		lang, text string
		want       Kind
	}{
		{"en", "Hello. How can I help?", KindNone}, {"en", "We are open until six.", KindNone}, {"en", "What is your phone number?", KindPhone},
		{"en", "Could you give me your email address, please?", KindEmail}, {"en", "Please spell your last name.", KindName}, {"en", "When would you like to come?", KindDate},
		{"en", "For how many people?", KindNumber}, {"en", "How much would you like to transfer?", KindAmount}, {"en", "Great. And your booking reference?", KindReference},
		{"en", "Would you like a table outside?", KindYesNo}, {"en", "So that is 0 6 1 2. Is that right?", KindYesNo}, {"en", "Your order number is 12.", KindNone},
		{"en", "What is your order number?", KindReference}, {"en", "May I have your name? I will check at once.", KindName}, {"en", "What time suits you?", KindDate},
		{"fr", "Bonjour, que puis-je faire pour vous ?", KindNone}, {"fr", "Quel est votre numéro de téléphone ?", KindPhone}, {"fr", "Veuillez indiquer votre adresse e-mail.", KindEmail},
		{"fr", "À quel nom ?", KindName}, {"fr", "Pour quel jour ?", KindDate}, {"fr", "Combien de personnes ?", KindNumber}, {"fr", "Quel est le montant ?", KindAmount},
		{"fr", "Très bien. Et votre numéro de commande ?", KindReference}, {"fr", "Voulez-vous une table en terrasse ?", KindYesNo}, {"fr", "C'est bien le 06 12 34 56 78 ?", KindYesNo},
		{"fr", "Est-ce que cela vous convient ?", KindYesNo}, {"fr", "Nous ouvrons à neuf heures.", KindNone}, {"fr", "À quelle heure souhaitez-vous venir ?", KindDate},
		{"es", "Hola, ¿en qué puedo ayudarle?", KindNone}, {"es", "¿Cuál es su número de teléfono?", KindPhone}, {"es", "Dígame su correo electrónico.", KindEmail},
		{"es", "¿A nombre de quién?", KindName}, {"es", "¿Para qué día?", KindDate}, {"es", "¿Cuántas personas?", KindNumber}, {"es", "¿Qué cantidad desea enviar?", KindAmount},
		{"es", "Perfecto. ¿Y su número de reserva?", KindReference}, {"es", "¿Quiere una mesa en la terraza?", KindYesNo}, {"es", "¿Es correcto?", KindYesNo}, {"es", "Abrimos a las nueve.", KindNone},
		{"de", "Wie ist Ihre Telefonnummer?", KindNone}, {"en", "", KindNone},
	} {
		assert.Equal(t, c.want, KindOfQuestion(c.lang, c.text), "%s: %q", c.lang, c.text)
	}
}
