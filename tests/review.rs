//! `facetag review` and `accuracy`: questions that are worth an answer, and how often facetag would be right.

mod common;

use common::{Library, OBAMA_BLURRED, people};
use serde_json::{Value, json};

/// Three questions: whether the blurred and the doubtful ones are these.
fn named() -> Library {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.name("none.jpg", "Grace");
    library
}

fn questions(library: &Library, who: &[&str]) -> Vec<Value> {
    let run = library.facetag(["review", "--json"].iter().chain(who)).well();
    run.json().as_array().unwrap().clone()
}

fn name_in(library: &Library, photo: &str) -> Value {
    library.main_face(photo)["person"]["name"].clone()
}

/// Answers the questions about `who`; what is said, with the ends of lines that a terminal shows as they are typed.
fn answered(library: &Library, who: &[&str], lines: &str) -> String {
    let said = library.typing(["review", "--no-pictures"].iter().chain(who), lines).well().stdout;
    said.replace("[q]uit > ", "[q]uit >\n")
}

/// The last line: what was given and settled.
fn summary(said: &str) -> &str {
    said.lines().last().unwrap()
}

#[test]
fn questions_are_printed_for_other_programs() {
    let library = named();
    let questions = questions(&library, &[]);
    assert_eq!(questions.len(), 3, "{questions:?}");
    for question in &questions {
        let probability = question["probability"].as_f64().unwrap();
        assert!((0.1..=1.0).contains(&probability), "{question}");
        assert_eq!((&question["photos"], question["faces"].as_array().unwrap().len()), (&1.into(), 1));
    }
    let worth: Vec<f64> = questions.iter().map(|question| question["probability"].as_f64().unwrap()).collect();
    assert!(worth.is_sorted_by(|a, b| a >= b), "the one that settles most comes first: {worth:?}");
    let about = |name: &str, photo: &str| {
        let group = library.main_face(photo)["group"].clone();
        let face = library.main_face(photo)["id"].clone();
        let expected = (library.person(name)["id"].clone(), group, json!([face]));
        let found = questions.iter().map(|one| (one["of"].clone(), one["group"].clone(), one["faces"].clone()));
        assert_eq!(found.filter(|one| *one == expected).count(), 1, "{name} in {photo}: {questions:?}");
    };
    about("Barack", OBAMA_BLURRED);
    about("Joe", "biden-blurred.png");
    about("Grace", "hopper-blurred.png");
    assert_eq!(library.journal().len(), 3, "to be asked decides nothing");
}

#[test]
fn a_yes_makes_a_group_theirs() {
    let library = named();
    let said = answered(&library, &["Joe"], "y\n");
    assert!(said.contains("1 answer settles 1 photo."), "{said}");
    assert!(said.contains("Is this Joe?") && said.contains("% likely, 1 photo"), "{said}");
    assert!(said.contains("this: ") && said.contains("biden-blurred.png") && said.contains("biden-2010.jpg"), "{said}");
    assert_eq!(summary(&said), "1 answer given, 1 photo settled.");
    let face = library.face("biden-blurred.png");
    assert_eq!((&face["person"]["name"], &face["state"]), (&"Joe".into(), &"confirmed".into()));
    assert!(questions(&library, &["Joe"]).is_empty());
    let run = library.facetag(["review", "Joe"]).ends(1);
    assert!(run.stdout.contains("nothing to ask"), "{}", run.stdout);
}

#[test]
fn a_no_is_not_asked_again() {
    let library = named();
    let (joe, face) = (library.person("Joe")["id"].clone(), library.main_face("biden-blurred.png")["id"].clone());
    answered(&library, &["Joe"], "no\n");
    let again = |when: &str| {
        let asked = questions(&library, &[]);
        let asked = asked.iter().find(|one| one["of"] == joe && one["faces"].as_array().unwrap().contains(&face));
        assert_eq!(asked, None, "{when}");
        assert!(name_in(&library, "biden-blurred.png").is_null(), "{when}");
    };
    again("at once");
    library.put("metadata/biden-2011.jpg");
    library.scan();
    again("after a scan");
    assert_eq!(name_in(&library, "biden-2011.jpg"), "Joe", "others are found as before");
    assert_eq!(library.number_of("rejections"), 1);
}

#[test]
fn answers_may_be_words_in_any_case_and_nonsense_is_asked_again() {
    let library = named();
    let said = answered(&library, &[], "maybe\n  YES \nwhat?\nNo\nSKIP\n");
    assert!(said.contains("\"maybe\" is no answer") && said.contains("\"what?\" is no answer"), "{said}");
    assert_eq!(said.matches("[y]es").count(), 5, "{said}");
    assert_eq!(summary(&said), "2 answers given, 2 photos settled.");
    let done: Vec<Value> = library.journal().iter().skip(3).map(|line| line["do"].clone()).collect();
    assert_eq!(done, ["merge", "reject"]);
}

#[test]
fn what_is_skipped_is_asked_next_time() {
    let library = named();
    let before = library.state();
    // An empty line skips too. Each is asked once, then it ends by itself, with answers to spare.
    let said = answered(&library, &[], "s\n\nskip\ny\ny\n");
    assert_eq!((said.matches("[y]es").count(), summary(&said)), (3, "0 answers given, 0 photos settled."), "{said}");
    assert_eq!(library.state(), before);
    assert_eq!(questions(&library, &[]).len(), 3);
}

#[test]
fn an_answer_is_taken_back_and_asked_again() {
    let library = named();
    let before = library.state();
    let said = answered(&library, &[], "y\nu\nq\n");
    assert!(said.contains("Taken back: "), "{said}");
    assert_eq!(summary(&said), "0 answers given, 0 photos settled.");
    assert_eq!(library.state(), before);
    let asked: Vec<&str> = said.lines().filter(|line| line.contains("% likely")).collect();
    assert_eq!((asked.len(), asked[0]), (3, asked[2]), "{said}");
    assert_ne!(asked[0], asked[1]);
    let done: Vec<Value> = library.journal().iter().skip(3).map(|line| line["do"].clone()).collect();
    assert_eq!(done, ["merge", "undo"]);
    assert!(library.facetag(["redo"]).well().stdout.contains("Done again"));
}

#[test]
fn only_answers_are_taken_back() {
    let library = named();
    let before = library.state();
    let said = answered(&library, &[], "undo\ny\nu\nu\nq\n");
    assert_eq!((said.matches("No answer was given yet").count(), said.matches("Taken back").count()), (2, 1), "{said}");
    assert_eq!(library.state(), before, "the names are from before");
}

#[test]
fn it_ends_when_told_to_or_where_the_input_ends() {
    for (typed, given) in [("q\ny\n", 0), ("", 0), ("y\nquit\ny\n", 1), ("y", 1), ("n\n", 1)] {
        let library = named();
        let said = answered(&library, &[], typed);
        assert!(said.contains("3 answers settle 3 photos."), "{said}");
        assert!(summary(&said).starts_with(&format!("{given} answer")), "{typed:?}: {said}");
        assert_eq!(library.journal().len(), 3 + given, "{typed:?}");
    }
}

#[test]
fn no_more_answers_are_asked_for_than_wanted() {
    let library = named();
    let said = answered(&library, &["--limit", "2"], "y\ny\ny\n");
    assert!(said.contains("2 answers settle 2 photos."), "{said}");
    assert_eq!((said.matches("[y]es").count(), summary(&said)), (2, "2 answers given, 2 photos settled."), "{said}");
    assert_eq!(questions(&library, &[]).len(), 1);
    // A skipped one is no answer.
    let said = answered(&library, &["--limit", "1"], "s\ny\n");
    assert_eq!((said.matches("[y]es").count(), library.journal().len()), (1, 5), "{said}");
}

#[test]
fn only_who_is_meant_is_asked_about() {
    let library = named();
    let about = |who: &[&str]| {
        let mut of: Vec<Value> = questions(&library, who).iter().map(|one| one["of"].clone()).collect();
        of.sort_by_key(Value::to_string);
        of
    };
    let id = |name: &str| library.person(name)["id"].clone();
    assert_eq!(about(&["grace"]), [id("Grace")]);
    // By the group that is asked about, too.
    assert_eq!(about(&[&library.number("hopper-blurred.png")]), [id("Grace")]);
    assert_eq!(about(&["Grace", "Joe"]).len(), 2);
    library.facetag(["review", "Nobody"]).fails_saying(&["Nobody"]);
    library.facetag(["hide", "Grace"]).well();
    assert!(about(&["Grace"]).is_empty(), "nobody is asked about whom nobody wants to see");
    assert_eq!(about(&[]).len(), 2);
}

#[test]
fn groups_without_names_are_asked_about_too() {
    let library = people();
    let [larger, group] = ["obama-2010.jpg", OBAMA_BLURRED].map(|photo| library.main_face(photo)["group"].to_string());
    let question = questions(&library, &[&group])[0].clone();
    assert_eq!((question["of"].to_string(), question["group"].to_string()), (larger.clone(), group.clone()));
    let said = answered(&library, &[&group, "--limit", "1"], "y\n");
    assert!(said.contains(&format!("Are group {group} and group {larger} the same person?")), "{said}");
    assert_eq!(library.main_face(OBAMA_BLURRED)["group"].to_string(), larger);
    // A name that comes later reaches them all.
    library.name("obama-2010.jpg", "Barack");
    assert_eq!(library.person("Barack")["faces"], 3);
}

#[test]
fn naming_tells_that_there_is_something_to_ask() {
    let library = people();
    let number = library.number("obama-2010.jpg");
    let said = library.facetag(["name", &number, "Barack"]).well().stdout;
    assert!(said.contains("Perhaps in 1 photo more") && said.contains(&format!("`facetag review {number}`")), "{said}");
}

#[test]
fn nothing_is_asked_in_an_empty_library() {
    let library = Library::new();
    assert!(library.facetag(["review"]).ends(1).stdout.contains("nothing to ask"));
    assert_eq!(library.facetag(["review", "--json"]).well().json(), json!([]));
}

#[test]
fn accuracy_leaves_out_each_confirmed_face() {
    let library = people();
    let run = library.facetag(["accuracy"]).ends(1);
    assert!(run.stdout.contains("Nothing to measure yet"), "{}", run.stdout);
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let measured = |args: &[&str]| library.facetag(["accuracy", "--json"].iter().chain(args)).well().json();
    let barack = library.person("Barack")["id"].clone();
    let first = measured(&[]);
    // Joe has one face: with it left out, there is no Joe.
    assert_eq!(first["persons"], json!([{"person": barack, "faces": 2, "precision": 1.0, "recall": 1.0}]));
    assert_eq!((&first["faces"], &first["tagged"], &first["wrong"]), (&2.into(), &2.into(), &0.into()));

    // A face in doubt would have been asked about.
    library.facetag(["confirm", "Barack", &library.face_id(OBAMA_BLURRED)]).well();
    let second = measured(&[]);
    assert_eq!((&second["faces"], &second["tagged"], &second["wrong"]), (&3.into(), &2.into(), &0.into()), "{second}");
    let recall = second["persons"][0]["recall"].as_f64().unwrap();
    assert!((recall - 2.0 / 3.0).abs() < 1e-9, "{second}");
    let needed = second["similarity_needed"].as_f64().unwrap();
    assert!(needed < second["similarity_now"].as_f64().unwrap(), "less would do here: {second}");
    assert_eq!(second["tagged_then"], 3);

    // What the user mixed up is seen: Joe's name on a face of Barack's.
    library.facetag(["split", "Barack", &library.face_id("obama-2012.jpg"), "--name", "Joe"]).well();
    let third = measured(&["--wrong-at-most", "5%"]);
    let joe = library.person("Joe")["id"].clone();
    let confused = third["confused"].as_array().unwrap();
    assert!(confused.iter().any(|one| one["person"] == joe && one["taken_for"] == barack), "{third}");
    assert_eq!(third["wrong"], 1, "{third}");
    let told = library.facetag(["accuracy"]).well().stdout;
    assert!(told.contains("Barack") && told.contains("more like Barack"), "{told}");
    for wrong in ["5", "100%", "-1%", "much"] {
        library.facetag(["accuracy", &format!("--wrong-at-most={wrong}")]).fails_saying(&["is no share"]);
    }
    assert!(library.journal().len() == 4, "to measure decides nothing");
}
