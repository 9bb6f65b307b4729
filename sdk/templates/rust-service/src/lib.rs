use pluvio::{input, kv, log, output};

/// Greets whom the call names, and remembers it.
#[no_mangle]
pub extern "C" fn greet() {
    pluvio::run(|| output::text(&greeting(&input::text()?)?))
}

fn greeting(name: &str) -> pluvio::Result<String> {
    let key = format!("visits/{}", name);
    let visits = 1 + kv::get_text(&key)?.map_or(0, |text| text.parse().unwrap_or(0));
    kv::set(&key, visits.to_string().as_bytes())?;
    log::info(&format!("greeted {}", name))?;
    Ok(match visits {
        1 => format!("Hello, {}!", name),
        _ => format!("Hello again, {}! ({})", name, visits),
    })
}

/// Everybody who was greeted, a line each.
#[no_mangle]
pub extern "C" fn guests() {
    pluvio::run(|| {
        for key in kv::list("visits/", 1000, None)?.names {
            output::text(&format!("{}\n", &key["visits/".len()..]))?;
        }
        Ok::<(), pluvio::Error>(())
    })
}

// `npx pluvio test` runs each of these in the sandbox, with keys and values of its own.
#[cfg(test)]
mod tests {
    use super::greeting;

    #[test]
    fn remembers_guests() {
        assert_eq!(greeting("Ada").unwrap(), "Hello, Ada!");
        assert_eq!(greeting("Ada").unwrap(), "Hello again, Ada! (2)");
        assert_eq!(greeting("Bob").unwrap(), "Hello, Bob!");
    }
}
