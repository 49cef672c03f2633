//! What a program finds out by itself, and that it is true.

use crate::harness::Sandbox;
use serde_json::json;

#[test]
fn both_documents_of_discovery_name_endpoints_that_exist() {
    let sandbox = Sandbox::start(&[]);
    let metadata = sandbox.get("/.well-known/openid-configuration").json();
    assert_eq!(metadata, sandbox.get("/.well-known/oauth-authorization-server").json());
    assert_eq!(metadata["issuer"], sandbox.issuer());
    assert_eq!(metadata["authorization_endpoint"], sandbox.ready["authorization_url"]);
    assert_eq!(metadata["token_endpoint"], sandbox.ready["token_url"]);
    assert_eq!(
        metadata["device_authorization_endpoint"],
        sandbox.ready["device_authorization_url"]
    );
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["response_modes_supported"], json!(["query", "form_post"]));

    let mut endpoints = 0;
    for (name, value) in metadata.as_object().expect("an object") {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let url = value.as_str().expect("an address");
            let path = url.strip_prefix(sandbox.issuer()).expect("an address here");
            assert_ne!(sandbox.get(path).status, 404, "{name}");
            endpoints += 1;
        }
    }
    assert_eq!(endpoints, 5);
}

#[test]
fn every_grant_that_is_named_is_known() {
    let sandbox = Sandbox::start(&[]);
    let metadata = sandbox.get("/.well-known/openid-configuration").json();
    let grants = metadata["grant_types_supported"].as_array().expect("grants");
    assert_eq!(grants.len(), 4);
    for grant in grants {
        let grant = grant.as_str().expect("text");
        let (_, answer) = sandbox.request_token(&format!("grant_type={grant}&client_id=sandbox"));
        assert_ne!(answer["error"], "unsupported_grant_type", "{grant}");
    }
}

#[test]
fn the_manual_and_the_start_text_name_the_addresses() {
    let sandbox = Sandbox::start(&[]);
    let manual = include_str!("../../docs/sandbox.md").replace("\r\n", "\n");
    let (_, example) = manual.split_once("```json\n").expect("the example");
    let (example, _) = example.split_once("```").expect("its end");
    let example: serde_json::Value = serde_json::from_str(example).expect("JSON");
    let names = |json: &serde_json::Value| -> Vec<String> {
        json.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(names(&example), names(&sandbox.ready), "docs/sandbox.md and sandbox.json");

    // The text of a start in the manual, but for ports and folder, is what is printed.
    let labels = |text: &str| -> Vec<String> {
        let indented = text.lines().map(str::trim_start).filter(|line| line.contains("   "));
        indented.map(|line| line[..line.find("   ").expect("a gap")].to_owned()).collect()
    };
    let (_, start) = manual.split_once("lets in everybody who asks.\n").expect("the start text");
    let (start, _) = start.split_once("\n\nThe system chooses").expect("its end");
    assert_eq!(labels(start), labels(&sandbox.start_text));
    for name in ["issuer", "authorization_url", "device_url", "token_url"] {
        let url = sandbox.ready[name].as_str().expect("an address");
        assert!(sandbox.start_text.contains(url), "{name}");
    }
}
