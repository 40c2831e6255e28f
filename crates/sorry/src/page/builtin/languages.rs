//! What the built-in page says, in each of its languages: one table, shared by the build script and the library.
//!
//! Sentences avoid the site's name, so that no language has to bend it. Pure `std`.

/// The direction a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From left to right.
    Ltr,
    /// From right to left.
    Rtl,
}

/// One language's sentences, as plain text.
#[derive(Debug)]
pub(crate) struct Language {
    /// Its tag (BCP 47), in lower case.
    pub(crate) tag: &'static str,
    /// How it is written.
    pub(crate) direction: Direction,
    /// The heading.
    pub(crate) heading: &'static str,
    /// What is going on.
    pub(crate) lead: &'static str,
    /// Stands before the expected time of return.
    pub(crate) until: &'static str,
    /// That the page looks again by itself.
    pub(crate) again: &'static str,
    /// For those whose browser runs no script.
    pub(crate) later: &'static str,
    /// Stands before the request's id.
    pub(crate) request: &'static str,
}

/// All of them; the first is for whoever asks for none of them.
pub(crate) const LANGUAGES: [Language; 12] = [
    Language {
        tag: "en",
        direction: Direction::Ltr,
        heading: "We’ll be back soon",
        lead: "This site is not available right now. We are working on it.",
        until: "Expected back:",
        again: "You can leave this page open: it checks by itself and takes you back.",
        later: "Please try again later.",
        request: "Request ID:",
    },
    Language {
        tag: "de",
        direction: Direction::Ltr,
        heading: "Wir sind bald zurück",
        lead: "Diese Website ist gerade nicht erreichbar. Wir arbeiten daran.",
        until: "Voraussichtlich wieder da:",
        again: "Sie können diese Seite offen lassen: Sie prüft von selbst, ob es weitergeht.",
        later: "Bitte versuchen Sie es später noch einmal.",
        request: "Anfrage-ID:",
    },
    Language {
        tag: "fr",
        direction: Direction::Ltr,
        heading: "Nous revenons bientôt",
        lead: "Ce site est momentanément indisponible. Nous y travaillons.",
        until: "Retour prévu\u{a0}:",
        again: "Vous pouvez laisser cette page ouverte\u{a0}: elle vérifie d’elle-même si le site est de retour.",
        later: "Veuillez réessayer plus tard.",
        request: "ID de la requête\u{a0}:",
    },
    Language {
        tag: "es",
        direction: Direction::Ltr,
        heading: "Volvemos pronto",
        lead: "Este sitio no está disponible en este momento. Estamos trabajando en ello.",
        until: "Regreso previsto:",
        again: "Puede dejar esta página abierta: comprueba por sí sola si el sitio ha vuelto.",
        later: "Vuelva a intentarlo más tarde.",
        request: "ID de la solicitud:",
    },
    Language {
        tag: "it",
        direction: Direction::Ltr,
        heading: "Torniamo presto",
        lead: "Questo sito al momento non è disponibile. Ci stiamo lavorando.",
        until: "Ritorno previsto:",
        again: "Può lasciare aperta questa pagina: controlla da sola se il sito è tornato.",
        later: "La preghiamo di riprovare più tardi.",
        request: "ID della richiesta:",
    },
    Language {
        tag: "pt",
        direction: Direction::Ltr,
        heading: "Voltamos em breve",
        lead: "Este site não está disponível neste momento. Já estamos cuidando disso.",
        until: "Previsão de retorno:",
        again: "Pode deixar esta página aberta: ela verifica sozinha se o site voltou.",
        later: "Tente novamente mais tarde.",
        request: "ID do pedido:",
    },
    Language {
        tag: "nl",
        direction: Direction::Ltr,
        heading: "We zijn snel terug",
        lead: "Deze website is op dit moment niet bereikbaar. We werken eraan.",
        until: "Naar verwachting terug:",
        again: "U kunt deze pagina open laten: zij controleert vanzelf of de website terug is.",
        later: "Probeer het later opnieuw.",
        request: "Verzoek-ID:",
    },
    Language {
        tag: "pl",
        direction: Direction::Ltr,
        heading: "Wkrótce wrócimy",
        lead: "Ta witryna jest w tej chwili niedostępna. Pracujemy nad tym.",
        until: "Przewidywany powrót:",
        again: "Tę stronę można zostawić otwartą: sama sprawdzi, czy witryna już działa.",
        later: "Prosimy spróbować później.",
        request: "ID żądania:",
    },
    Language {
        tag: "ru",
        direction: Direction::Ltr,
        heading: "Мы скоро вернёмся",
        lead: "Сайт сейчас недоступен. Мы уже работаем над этим.",
        until: "Планируем вернуться:",
        again: "Страницу можно не закрывать: она сама проверит, заработал ли сайт.",
        later: "Пожалуйста, попробуйте позже.",
        request: "ID запроса:",
    },
    Language {
        tag: "ja",
        direction: Direction::Ltr,
        heading: "まもなく再開します",
        lead: "現在、このサイトはご利用いただけません。復旧作業を進めています。",
        until: "再開予定：",
        again: "このページは開いたままで構いません。自動的に再確認します。",
        later: "しばらくしてからもう一度お試しください。",
        request: "リクエストID：",
    },
    Language {
        tag: "zh",
        direction: Direction::Ltr,
        heading: "我们很快回来",
        lead: "本网站暂时无法访问，我们正在处理。",
        until: "预计恢复时间：",
        again: "您可以保持此页面打开，它会自动重新检查。",
        later: "请稍后再试。",
        request: "请求编号：",
    },
    Language {
        tag: "ar",
        direction: Direction::Rtl,
        heading: "سنعود قريبًا",
        lead: "هذا الموقع غير متاح حاليًا، ونحن نعمل على إعادته.",
        until: "العودة المتوقعة:",
        again: "يمكنك ترك هذه الصفحة مفتوحة، فهي تتحقق من تلقاء نفسها.",
        later: "يُرجى المحاولة مرة أخرى لاحقًا.",
        request: "معرّف الطلب:",
    },
];
