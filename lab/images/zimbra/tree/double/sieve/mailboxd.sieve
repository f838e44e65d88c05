# Of a double of Zimbra, not Zimbra: files where its mailboxd would, which lab.zimbra.verdict knows.
require ["vnd.dovecot.execute", "fileinto", "variables"];
if execute :pipe :output "folder" "verdict" {
    if string :is "${folder}" "" {
        discard;
    } else {
        fileinto "${folder}";
    }
    stop;
}
