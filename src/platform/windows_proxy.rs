//! Windows: the proxy settings of the user and of the computer.

use windows_sys::Win32::Foundation::GlobalFree;
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_ACCESS_TYPE_NO_PROXY, WINHTTP_AUTO_DETECT_TYPE_DHCP,
    WINHTTP_AUTO_DETECT_TYPE_DNS_A, WINHTTP_AUTOPROXY_AUTO_DETECT, WINHTTP_AUTOPROXY_CONFIG_URL,
    WINHTTP_AUTOPROXY_OPTIONS, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG, WINHTTP_PROXY_INFO,
    WinHttpCloseHandle, WinHttpGetDefaultProxyConfiguration, WinHttpGetIEProxyConfigForCurrentUser,
    WinHttpGetProxyForUrl, WinHttpOpen,
};

/// The proxies for a URL and the hosts that are reached without them, as Windows writes the two;
/// `None` when it is reached directly. May fetch and run a proxy script, which takes seconds when
/// its server does not answer.
pub(crate) fn system_proxy(url: &str) -> Option<(String, String)> {
    let mut of_user = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
    // SAFETY: the structure is valid; its texts are taken over below.
    let found = unsafe { WinHttpGetIEProxyConfigForCurrentUser(&mut of_user) } != 0;
    let script = GlobalText(of_user.lpszAutoConfigUrl);
    let (proxies, bypass) = (GlobalText(of_user.lpszProxy), GlobalText(of_user.lpszProxyBypass));
    let detect = of_user.fAutoDetect != 0;
    if found && (detect || script.get().is_some()) {
        // What the script says counts, also when that is "directly"; without an answer the fixed
        // proxy does.
        if let Some(verdict) = proxy_by_script(url, &script, detect) {
            return verdict;
        }
    }
    if let Some(proxies) = proxies.get() {
        return Some((proxies, bypass.get().unwrap_or_default()));
    }
    // Services have no such user: for them there is `netsh winhttp set proxy`.
    let mut of_machine = WINHTTP_PROXY_INFO::default();
    // SAFETY: the structure is valid; its texts are taken over by named_proxy().
    let found = unsafe { WinHttpGetDefaultProxyConfiguration(&mut of_machine) } != 0;
    if found { named_proxy(&of_machine) } else { None }
}

/// The verdict of the proxy script; `None` when there is none to be had.
fn proxy_by_script(
    url: &str,
    script: &GlobalText,
    detect: bool,
) -> Option<Option<(String, String)>> {
    let url: Vec<u16> = url.encode_utf16().chain([0]).collect();
    let none = std::ptr::null();
    // SAFETY: NULL is allowed for all three texts.
    let session = unsafe { WinHttpOpen(none, WINHTTP_ACCESS_TYPE_NO_PROXY, none, none, 0) };
    if session.is_null() {
        return None;
    }
    let mut options = WINHTTP_AUTOPROXY_OPTIONS {
        lpszAutoConfigUrl: script.0,
        fAutoLogonIfChallenged: 1,
        ..Default::default()
    };
    if detect {
        options.dwFlags |= WINHTTP_AUTOPROXY_AUTO_DETECT;
        options.dwAutoDetectFlags = WINHTTP_AUTO_DETECT_TYPE_DHCP | WINHTTP_AUTO_DETECT_TYPE_DNS_A;
    }
    if !script.0.is_null() {
        options.dwFlags |= WINHTTP_AUTOPROXY_CONFIG_URL;
    }
    let mut verdict = WINHTTP_PROXY_INFO::default();
    // SAFETY: the session is open, the URL ends with NUL, the structures are valid; the texts of the
    // verdict are taken over by named_proxy().
    let found =
        unsafe { WinHttpGetProxyForUrl(session, url.as_ptr(), &mut options, &mut verdict) } != 0;
    // SAFETY: it is open, and nobody uses it any more.
    unsafe { WinHttpCloseHandle(session) };
    found.then(|| named_proxy(&verdict))
}

/// Takes the texts over; `None` is "directly".
fn named_proxy(info: &WINHTTP_PROXY_INFO) -> Option<(String, String)> {
    let (proxies, bypass) = (GlobalText(info.lpszProxy), GlobalText(info.lpszProxyBypass));
    let is_named = info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY;
    let proxies = proxies.get().filter(|_| is_named)?;
    Some((proxies, bypass.get().unwrap_or_default()))
}

/// A text that Windows allocated for us, or NULL.
struct GlobalText(*mut u16);

impl GlobalText {
    fn get(&self) -> Option<String> {
        if self.0.is_null() {
            return None;
        }
        let mut length = 0;
        // SAFETY: the text ends with NUL.
        while unsafe { *self.0.add(length) } != 0 {
            length += 1;
        }
        // SAFETY: so many characters were just read.
        let text = unsafe { std::slice::from_raw_parts(self.0, length) };
        Some(String::from_utf16_lossy(text)).filter(|text| !text.is_empty())
    }
}

impl Drop for GlobalText {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: allocated by Windows with GlobalAlloc and ours alone.
            unsafe { GlobalFree(self.0.cast()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_settings_can_be_read() {
        // What they are is the person's affair.
        if let Some((proxies, _)) = system_proxy("https://smtp.test:587/") {
            assert!(!proxies.is_empty());
        }
    }
}
