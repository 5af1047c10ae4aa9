use super::*;

fn headers(encodings: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(encodings))])
}

#[test]
fn an_encoding_is_sent_only_to_whoever_takes_it() {
    assert!(accepts(&headers("gzip, deflate, br"), "br"));
    assert!(accepts(&headers("gzip;q=0.5,BR"), "br"));
    assert!(!accepts(&headers("gzip, br;q=0"), "br"));
    assert!(!accepts(&headers("brotli"), "br"));
    assert!(!accepts(&HeaderMap::new(), "gzip"));
}

#[test]
fn a_hashed_file_is_kept_for_a_year_and_known_by_its_tag() {
    let file = |bytes: &'static [u8]| {
        // The only way to make one is to have one: the file that keeps the folder in the repository.
        let mut file = Files::get(".keep").expect("the folder is in the repository");
        file.data = bytes.into();
        file
    };
    let first = answer("console/assets/a-1.js", file(b"x"), &HeaderMap::new());
    assert_eq!(first.status(), StatusCode::OK);
    assert!(first.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
    let again = answer("console/assets/a-1.js", file(b"x"), &known);
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let page = answer("console/index.html", file(b"x"), &HeaderMap::new());
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
    assert!(page.headers().contains_key(header::CONTENT_SECURITY_POLICY));
}
