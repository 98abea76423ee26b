// A certificate authority and a certificate for this machine, made when a test asks for them.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/file.h"

namespace linnet::testing {

struct TlsIdentity {
    std::string authority_pem;  // what a client must trust
    std::string certificate_pem;
    std::string key_pem;
};

namespace certificates {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* owned) const {
        release(owned);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;

inline Certificate sign(EVP_PKEY* key, const char* name, const std::string& hosts, X509* issuer,
                        EVP_PKEY* issuer_key, long days) {
    static long serial = 1;
    Certificate certificate(X509_new());
    X509* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), -7200);
    X509_gmtime_adj(X509_getm_notAfter(x), days * 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer ? issuer : x, x, nullptr, nullptr, 0);
    auto extend = [&](int id, const char* value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
        check(extension && X509_add_ext(x, extension, -1) == 1, "a certificate takes an extension");
        X509_EXTENSION_free(extension);
    };
    if (!issuer) {
        extend(NID_basic_constraints, "critical,CA:TRUE");
        extend(NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        extend(NID_subject_alt_name, hosts.c_str());
    }
    check(X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256()) > 0, "a certificate is signed");
    return certificate;
}

template <class Write>
std::string pem(Write write) {
    BIO* memory = BIO_new(BIO_s_mem());
    check(write(memory) == 1, "PEM is written");
    char* data = nullptr;
    long length = BIO_get_mem_data(memory, &data);
    std::string out(data, static_cast<size_t>(length));
    BIO_free(memory);
    return out;
}

}  // namespace certificates

// `hosts` as in "DNS:localhost,IP:127.0.0.1". A negative number of days is a certificate that has
// expired.
inline TlsIdentity make_identity(const std::string& hosts, long days = 2) {
    namespace c = certificates;
    c::Key ca_key(EVP_EC_gen("P-256")), key(EVP_EC_gen("P-256"));
    check(ca_key && key, "keys can be made");
    c::Certificate ca = c::sign(ca_key.get(), "linnet test authority", "", nullptr, nullptr, 2);
    c::Certificate own = c::sign(key.get(), "linnet test", hosts, ca.get(), ca_key.get(), days);
    TlsIdentity identity;
    identity.authority_pem = c::pem([&](BIO* out) { return PEM_write_bio_X509(out, ca.get()); });
    identity.certificate_pem = c::pem([&](BIO* out) { return PEM_write_bio_X509(out, own.get()); });
    identity.key_pem = c::pem([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return identity;
}

}  // namespace linnet::testing
