package flow

// company is what is the same in every language.
type company struct {
	Company string        `yaml:"company"`
	Phone   string        `yaml:"phone"`
	Email   string        `yaml:"email"`
	Hours   map[int]hours `yaml:"hours"` // by weekday, Sunday is 0
}

type hours struct {
	From int `yaml:"from"`
	To   int `yaml:"to"`
}

// script is a language file as written.
type script struct {
	Language   string              `yaml:"language"`
	Greeting   string              `yaml:"greeting"`
	Facts      string              `yaml:"facts"`
	Clock      map[int]string      `yaml:"clock"`
	Days       map[string][]string `yaml:"days"`
	Relative   map[string][]string `yaml:"relative"`
	DayNames   []string            `yaml:"day_names"`
	DayPrefix  string              `yaml:"day_prefix"`
	DayWords   map[string]string   `yaml:"day_words"`
	Numbers    map[string]int      `yaml:"numbers"`
	Double     []string            `yaml:"double"`
	Triple     []string            `yaml:"triple"`
	NumberAnd  []string            `yaml:"number_and"`
	DigitWords []string            `yaml:"digit_words"`
	Keys       map[string][]string `yaml:"keys"` // spoken names of the keys "*" and "#"
	Phone      struct {
		Min    int   `yaml:"min"`
		Max    int   `yaml:"max"`
		Groups []int `yaml:"groups"` // how to read it out; the last repeats
		Pairs  bool  `yaml:"pairs"`  // a group is one number ("12"), not digits ("1 2")
	} `yaml:"phone"`
	Time struct {
		At       []string            `yaml:"at"`
		Hour     []string            `yaml:"hour"`
		AM       []string            `yaml:"am"`
		PM       []string            `yaml:"pm"`
		Noon     []string            `yaml:"noon"`
		Midnight []string            `yaml:"midnight"`
		Half     []string            `yaml:"half"`
		HalfPast []string            `yaml:"half_past"`
		Parts    map[string][]string `yaml:"parts"`
	} `yaml:"time"`
	PartNames  map[string]string   `yaml:"part_names"`
	Fillers    []string            `yaml:"fillers"`
	Noise      []string            `yaml:"noise"`
	Yes        []string            `yaml:"yes"`
	No         []string            `yaml:"no"`
	NameLead   []string            `yaml:"name_lead"`
	NameStop   []string            `yaml:"name_stop"`
	Correct    map[string][]string `yaml:"correct"`
	Nothing    []string            `yaml:"nothing"`
	FirstNames []string            `yaml:"first_names"`
	LastNames  []string            `yaml:"last_names"`
	Subjects   []string            `yaml:"subjects"`
	Rules      map[string]string   `yaml:"rules"`
	Items      map[string]item     `yaml:"items"`
	Intents    []intent            `yaml:"intents"`
	Texts      texts               `yaml:"texts"`
}

type item struct {
	Words  []string `yaml:"words"`
	Answer string   `yaml:"answer"`
}

type intent struct {
	Name    string         `yaml:"name"`
	Always  bool           `yaml:"always"`
	Info    bool           `yaml:"info"`
	Say     []string       `yaml:"say"`
	Also    []string       `yaml:"also"`
	Words   map[string]int `yaml:"words"`
	Answers []string       `yaml:"answers"`
}

// texts are the answers that need more than an intent's own; each a list to take in turn.
type texts struct {
	HoursOpen       []string `yaml:"hours_open"`
	HoursClosed     []string `yaml:"hours_closed"`
	HoursYes        []string `yaml:"hours_yes"`
	HoursNo         []string `yaml:"hours_no"`
	NowOpen         []string `yaml:"now_open"`
	NowClosed       []string `yaml:"now_closed"`
	OnDay           string   `yaml:"on_day"`
	WasOpen         []string `yaml:"was_open"`
	WasClosed       []string `yaml:"was_closed"`
	Weekend         []string `yaml:"weekend"`
	Menu            []string `yaml:"menu"`
	MenuNone        []string `yaml:"menu_none"`
	Yes             []string `yaml:"yes"`
	No              []string `yaml:"no"`
	NoMore          []string `yaml:"no_more"`
	Declined        []string `yaml:"declined"`
	More            []string `yaml:"more"`
	Miss            []string `yaml:"miss"`
	Silence         []string `yaml:"silence"`
	SilenceEnd      []string `yaml:"silence_end"`
	LastNone        string   `yaml:"last_none"`
	FormCancelled   []string `yaml:"form_cancelled"`
	FormGoodbye     []string `yaml:"form_goodbye"`
	FormHuman       []string `yaml:"form_human"`
	FormGivenUp     []string `yaml:"form_given_up"`
	Begin           string   `yaml:"begin"`
	AckName         string   `yaml:"ack_name"`
	AskName         []string `yaml:"ask_name"`
	AskPhone        []string `yaml:"ask_phone"`
	PhoneMore       []string `yaml:"phone_more"`
	PhoneLong       []string `yaml:"phone_long"`
	AskSubject      []string `yaml:"ask_subject"`
	AskDay          []string `yaml:"ask_day"`
	DayClosed       []string `yaml:"day_closed"`
	ConfirmMessage  []string `yaml:"confirm_message"`
	ConfirmPlain    []string `yaml:"confirm_plain"`
	ConfirmCallback []string `yaml:"confirm_callback"`
	ConfirmAgain    []string `yaml:"confirm_again"`
	AskWhich        []string `yaml:"ask_which"`
	DoneMessage     []string `yaml:"done_message"`
	DoneCallback    []string `yaml:"done_callback"`
	And             string   `yaml:"and"`
}
