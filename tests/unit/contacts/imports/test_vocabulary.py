"""Headers in ten languages, and those of the programs that people export from, find their columns."""

import pytest

from groundwork.tasks.contacts.imports.rows.headers import layout_of

FULL = ["email", "first_name", "last_name", "phone", "company", "job_title", "city", "country", "tags"]
LANGUAGES = {
    "de": "E-Mail-Adresse;Vorname;Nachname;Telefon geschäftlich;Firma;Position;Ort;Land/Region geschäftlich;Kategorien",
    "fr": "Adresse de messagerie;Prénom;Nom;Tél. mobile;Société;Fonction;Ville (bureau);Pays (bureau);Catégories",
    "es": "Dirección de correo electrónico;Nombre;Apellidos;Teléfono móvil;Organización;Puesto;Ciudad del trabajo;"
    "País o región del trabajo;Categorías",
    "it": "Indirizzo posta elettronica;Nome;Cognome;Cellulare;Società;Posizione;Città (uff.);Paese (uff.);Categorie",
    "nl": "E-mailadres;Voornaam;Achternaam;Mobiele telefoon;Bedrijf;Functie;Plaats;Land/regio (werk);Categorieën",
    "pt": "Endereço de email;Nome próprio;Apelido;Telemóvel;Empresa;Cargo;Cidade;País;Categorias",
    "pl": "Adres e-mail;Imię;Nazwisko;Telefon komórkowy;Firma;Stanowisko;Miejscowość;Kraj;Kategorie",
    "sv": "E-postadress;Förnamn;Efternamn;Mobiltelefon;Företag;Befattning;Ort (arbete);Land (arbete);Kategorier",
    "da": "E-mail-adresse;Fornavn;Efternavn;Mobiltelefon;Firma;Stilling;By (arbejde);Land (arbejde);Kategorier",
    "en": "E-mail Address;First Name;Last Name;Mobile Phone;Company;Job Title;Business City;Business Country;Tags",
}
PROGRAMS = {
    "LinkedIn": ("First Name,Last Name,URL,Email Address,Company,Position,Connected On", 5),
    "Salesforce": ("First Name,Last Name,Title,Account Name,Mailing City,Mailing Country,Phone,Email", 8),
    "Pipedrive": ("Person - First name,Person - Last name,Person - Email - Work,Person - Phone - Mobile,"
                  "Person - Organization,Person - Job title", 6),
    "Brevo": ("CONTACT ID,EMAIL,FIRSTNAME,LASTNAME,SMS,ADDED_TIME,EMAIL_BLACKLIST", 4),
    "Brevo in German": ("CONTACT ID,EMAIL,VORNAME,NACHNAME,SMS", 4),
    "Klaviyo": ("Email,First Name,Last Name,Phone Number,Organization,Title,City,Country,Klaviyo ID", 8),
    "Zoho": ("Record Id,First Name,Last Name,Account Name,Title,Email,Secondary Email,Phone,Mailing City,Tag", 8),
    "Constant Contact": ("Email address,First name,Last name,Company,Job title,Phone - work,City - home,Tags", 8),
    "Mailchimp in German": ("Emailadresse,Vorname,Nachname,MEMBER_RATING,TAGS", 4),
    "Salesforce's loader": ("ID,FIRSTNAME,LASTNAME,EMAIL,MOBILEPHONE,MAILINGCITY", 5),
    "Google": ("First Name,Last Name,Organization Name,Organization Title,Labels,E-mail 1 - Value,Phone 1 - Value,"
               "Address 1 - City,Address 1 - Country", 9),
    "HubSpot": ("Record ID,First Name,Last Name,Email,Phone Number,Associated Company,Job Title,City", 7),
    "Thunderbird in German": ("Vorname,Nachname,Primäre E-Mail-Adresse,Tel. dienstlich,Organisation,Privat: Stadt", 6),
    "Google Forms": ("Timestamp,What is your email address?,What is your full name?", 2),
    "camel case": ("emailAddress,firstName,lastName,phoneNumber,companyName,jobTitle", 6),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_words_for_every_column(language: str) -> None:
    layout = layout_of(LANGUAGES[language].split(";"))
    assert list(layout.mapped) == FULL
    assert list(layout.mapped.values()) == list(range(len(FULL)))


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_export_finds_its_columns(program: str) -> None:
    header, columns = PROGRAMS[program]
    assert len(layout_of(header.split(",")).mapped) == columns


@pytest.mark.parametrize(
    ("header", "column"),
    [("Nom;Courriel", "full_name"), ("Nom;Prénom;Courriel", "last_name"), ("Name;Vorname;E-Mail", "last_name")],
)
def test_a_word_that_depends_on_others_means_what_they_say(header: str, column: str) -> None:
    assert layout_of(header.split(";")).mapped[column] == 0


@pytest.mark.parametrize(
    "header",
    [
        "Email Opt Out",
        "Owner Email",
        "E-mail 1 - Label",
        "EMAIL_BLACKLIST",
        "Home Fax",
        "State",
        "Middle Name",
        "Address 1 - Label",
    ],
)
def test_what_only_sounds_like_a_column_is_a_custom_field(header: str) -> None:
    assert layout_of(["Email", header]).custom == {header: 1}


def test_invisible_characters_and_line_ends_leave_field_names() -> None:
    headers = ["Email", "\u200bPlan\u200b", "Pl\x00an B", "two\r\nlines", "'=cmd", "custom.Age", "custom.email"]
    assert list(layout_of(headers).custom) == ["Plan", "Plan B", "two lines", "=cmd", "Age", "email"]
