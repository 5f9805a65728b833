import time
def test_t(admin):
    out=[]
    for u in ("/segment-states/?f.chain=SH","/segment-states/?f.chain=SH","/enterprises/","/desk/SH/","/dictionary/","/sign-in/","/static/site/lianpu.css","/static/tabler/tabler.min.css"):
        t=time.time(); r=admin.page.request.get(admin.site+u); n=len(r.body()); out.append((u,"request",round(time.time()-t,3),n))
    for u in ("/segment-states/?f.chain=SH","/segment-states/?f.chain=SH","/enterprises/","/desk/SH/","/dictionary/"):
        t=time.time(); admin.open(u); out.append((u,"open",round(time.time()-t,3)))
    import urllib.request
    t=time.time(); urllib.request.urlopen(admin.site+"/sign-in/").read(); out.append(("urllib",round(time.time()-t,3)))
    print(*out,sep="\n")
