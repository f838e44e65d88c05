require ["fileinto", "mailbox"];
if header :is "X-Site-Spam" "yes" {
    fileinto :create "Junk";
    stop;
}
